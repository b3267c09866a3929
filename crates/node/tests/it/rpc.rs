//! The node's RPC, spoken octet by octet: HTTP and WebSocket without a library that would be right
//! in the same way.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use jambox_node::rpc::{RpcLimits, serve};
use jambox_node::{Node, hex};
use jambox_types::{Revision, ServiceId};
use serde_json::{Value, json};

use crate::chain::{by_hand, hand_in};

/// A node with its RPC.
struct Served {
    node: Arc<Node>,
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

fn served(limits: RpcLimits) -> Served {
    served_under(Revision::GrayPaper080, limits)
}

fn served_under(revision: Revision, limits: RpcLimits) -> Served {
    let node = Arc::new(by_hand(revision));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (handle, address) = runtime.block_on(serve(Arc::clone(&node), any, limits)).unwrap();
    // The server stops with its handle, which is to live as long as the runtime.
    runtime.spawn(handle.stopped());
    Served { node, address, _runtime: runtime }
}

impl Served {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    /// The body of the answer to a request over HTTP, and its status line.
    fn http(&self, head: &str, body: &[u8]) -> (String, String) {
        let mut stream = self.connect();
        let length = body.len();
        let head = format!(
            "{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // A server that has seen enough closes the connection before all is sent.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
    }

    fn post(&self, body: &str) -> Value {
        let (_, answer) = self.http("POST /", body.as_bytes());
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{answer}"))
    }

    fn call(&self, method: &str, params: Value) -> Value {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.post(&call.to_string())
    }

    fn result(&self, method: &str, params: Value) -> Value {
        let answer = self.call(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn websocket(&self) -> WebSocket {
        let mut stream = self.connect();
        let head = "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            stream.read_exact(&mut octet).unwrap();
            answer.extend(octet);
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"));
        WebSocket(stream)
    }
}

/// A client of RFC 6455 that sends short texts and reads texts.
struct WebSocket(TcpStream);

impl WebSocket {
    fn send(&mut self, method: &str, params: Value) {
        let text = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.send_text(&text.to_string());
    }

    fn send_text(&mut self, text: &str) {
        assert!(text.len() < 0x1_0000, "the length fits two octets");
        let mut frame = vec![0x81, 0xfe];
        frame.extend((text.len() as u16).to_be_bytes());
        // A mask of zeros is a mask.
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 0x81, "a whole text");
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).unwrap();
                usize::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.0.read_exact(&mut length).unwrap();
                usize::try_from(u64::from_be_bytes(length)).unwrap()
            }
            short => usize::from(short),
        };
        let mut text = vec![0; length];
        self.0.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Subscribes; gives the id.
    fn subscribe(&mut self, method: &str, params: Value) -> Value {
        self.send(method, params);
        let answer = self.receive();
        assert!(answer["result"].is_number(), "{answer}");
        answer["result"].clone()
    }
}

#[test]
fn the_methods_of_jip_2_answer() {
    let served = served(RpcLimits::default());
    let best = served.result("bestBlock", json!([]));
    assert_eq!(best["slot"], 3);
    assert_eq!(served.result("finalizedBlock", json!([])), best);
    let hash = &best["header_hash"];
    let parent = served.result("parent", json!([hash]));
    assert_eq!(parent["slot"], 2);
    let v1 = &served.result("parameters", json!([]))["V1"];
    assert_eq!((&v1["core_count"], &v1["epoch_period"]), (&json!(2), &json!(12)));
    assert_eq!(v1["max_accumulate_gas"], 10_000_000);
    assert_eq!(served.result("listServices", json!([hash])), json!([0]));
    for method in ["stateRoot", "beefyRoot"] {
        let root = served.result(method, json!([hash]));
        assert_eq!(root.as_str().unwrap().len(), 44, "32 octets in Base64");
    }
    let data = served.result("serviceData", json!([hash, 0]));
    assert_eq!(data.as_str().unwrap().len(), 120, "89 octets in Base64");
    for (method, params) in [
        ("serviceData", json!([hash, 1])),
        ("serviceValue", json!([hash, 0, "AA=="])),
        ("servicePreimage", json!([hash, 0, hash])),
        ("servicePreimageLen", json!([hash, 0, hash])),
        ("serviceRequest", json!([hash, 0, hash, 5])),
    ] {
        assert_eq!(served.result(method, params), Value::Null, "{method}");
    }
    let status = served.result("workPackageStatus", json!([hash, hash, parent["header_hash"]]));
    assert_eq!(status, json!({ "Reportable": { "remaining_blocks": 7 } }));
    let sync = json!({ "num_peers": 0, "status": "Completed" });
    assert_eq!(served.result("syncState", json!([])), sync);
    assert!(served.result("statistics", json!([hash])).is_string());
}

/// JIP-2 lists them in the order of the `fetch` blob; four went with 0.8.0.
#[test]
fn parameters_have_the_members_of_the_revision() {
    for (revision, count, has_validators) in
        [(Revision::GrayPaper072, 33, true), (Revision::GrayPaper080, 29, false)]
    {
        let served = served_under(revision, RpcLimits::default());
        let v1 = served.result("parameters", json!([]))["V1"].as_object().unwrap().clone();
        // Four more are for one client that asks for them.
        assert_eq!(v1.len(), count + 4, "{v1:?}");
        for name in
            ["tickets_attempts_number", "val_count", "basic_piece_len", "segment_piece_count"]
        {
            assert_eq!(v1.contains_key(name), has_validators, "{name}");
        }
    }
}

/// Packages are listed with the latest first, whatever their hashes.
#[test]
fn the_latest_packages_are_listed_first() {
    let served = served(RpcLimits::default());
    let mut handed_in: Vec<Value> =
        (0..6).map(|index| json!(hex(&hand_in(&served.node, 0, &[index]).0))).collect();
    handed_in.reverse();
    let listed = served.result("jambox_packages", json!([4]));
    let listed: Vec<Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["package"]["hash"].clone())
        .collect();
    assert_eq!(listed, handed_in[..4]);
}

#[test]
fn errors_have_the_codes_of_jip_2() {
    let served = served(RpcLimits::default());
    let unknown = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    for (method, params, code) in [
        ("parent", json!([unknown]), 1),
        ("stateRoot", json!([unknown]), 1),
        ("statistics", json!([unknown]), 1),
        ("serviceData", json!([unknown, 0]), 1),
        ("workReport", json!([unknown]), 2),
        ("fetchSegments", json!([unknown, [0]]), 3),
        ("fetchWorkPackageSegments", json!([unknown, [0]]), 3),
        ("submitWorkPackage", json!([0, "AAAA", []]), 0),
        ("submitWorkPackageBundle", json!([0, "AAAA"]), 0),
        ("jambox_package", json!([unknown]), 0),
        ("jambox_revert", json!([7]), 0),
        ("jambox_setBalance", json!([9, 1]), 0),
        // Codes of JSON-RPC itself.
        ("noSuchMethod", json!([]), -32601),
        ("parent", json!([]), -32602),
        ("parent", json!([5]), -32602),
        ("parent", json!(["not Base64"]), -32602),
        ("parent", json!(["AAAA"]), -32602),
    ] {
        let answer = served.call(method, params.clone());
        assert_eq!(answer["error"]["code"], code, "{method} {params}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(!message.is_empty(), "{method}");
        if code == 1 || code == 2 {
            assert_eq!(answer["error"]["data"], unknown, "{method}");
        }
    }
    assert_eq!(served.post("{ no json")["error"]["code"], -32700);
    assert_eq!(served.post("[]")["error"]["code"], -32600);
    assert_eq!(served.result("bestBlock", json!([]))["slot"], 3, "it still serves");
}

/// Each is answered on the connection that it came by, which goes on.
#[test]
fn what_is_no_call_is_answered_and_the_connection_goes_on() {
    let served = served(RpcLimits { request: 1000, ..RpcLimits::default() });
    let mut client = served.websocket();
    let long = "x".repeat(2000);
    for (text, code, part) in [
        ("{ no json", -32700, "Parse error"),
        ("hello", -32700, "Parse error"),
        ("", -32700, "Parse error"),
        ("[]", -32600, "Invalid request"),
        (r#"{"id":1}"#, -32600, "Invalid request"),
        (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, -32600, "Invalid request"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"noSuch"}"#, -32601, "Method not found"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"parent"}"#, -32602, "Invalid params"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"parent","params":{"a":1}}"#, -32602, "expected a"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"parent","params":[5]}"#, -32602, "integer `5`"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"parent","params":["?"]}"#, -32602, "not Base64"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"parent","params":["AAAA"]}"#, -32602, "these are 3"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"jambox_warp","params":[-1]}"#, -32602, "`-1`"),
        (&long, -32007, "1000"),
    ] {
        client.send_text(text);
        let answer = client.receive();
        assert_eq!(answer["error"]["code"], code, "{text}: {answer}");
        assert!(answer["error"].to_string().contains(part), "{text}: {answer}");
    }
    client.send("bestBlock", json!([]));
    assert_eq!(client.receive()["result"]["slot"], 3);
}

#[test]
fn requests_that_are_too_large_are_refused() {
    let served = served(RpcLimits { request: 1000, ..RpcLimits::default() });
    let (status, _) = served.http("POST /", &vec![b' '; 100_000]);
    assert!(status.contains("413"), "{status}");
    assert_eq!(served.result("bestBlock", json!([]))["slot"], 3);
}

#[test]
fn more_clients_than_there_may_be_are_refused() {
    let served = served(RpcLimits { clients: 1, subscriptions: 1, ..RpcLimits::default() });
    let mut first = served.websocket();
    let (status, _) = served.http("POST /", b"{}");
    assert!(status.contains("429"), "{status}");
    first.subscribe("subscribeBestBlock", json!([]));
    assert_eq!(first.receive()["method"], "subscribeBestBlock");
    first.send("subscribeFinalizedBlock", json!([]));
    let answer = first.receive();
    assert!(answer["error"]["message"].as_str().unwrap().contains("ubscription"), "{answer}");
}

#[test]
fn subscriptions_give_the_value_once_and_then_changes() {
    let served = served(RpcLimits::default());
    let mut blocks = served.websocket();
    let id = blocks.subscribe("subscribeBestBlock", json!([]));
    let notice = blocks.receive();
    assert_eq!(notice["method"], "subscribeBestBlock");
    assert_eq!(notice["params"]["subscription"], id);
    assert_eq!(notice["params"]["result"]["slot"], 3);
    let mut value = served.websocket();
    value.subscribe("subscribeServiceValue", json!([0, "a2V5", false]));
    assert_eq!(value.receive()["params"]["result"]["value"], Value::Null);

    served.result("jambox_mine", json!([3]));
    for slot in [4, 5, 6] {
        assert_eq!(blocks.receive()["params"]["result"]["slot"], slot);
    }
    // Three blocks changed nothing of the value: the next notice is of the change by hand.
    served.result("jambox_setStorage", json!([0, "a2V5", "dmFsdWU="]));
    let notice = value.receive();
    assert_eq!(notice["params"]["result"]["value"], "dmFsdWU=");
    assert_eq!(notice["params"]["result"]["slot"], 6);

    let mut sync = served.websocket();
    sync.subscribe("subscribeSyncStatus", json!([]));
    assert_eq!(sync.receive()["params"]["result"], "Completed");
    value.send("subscribeServiceValue", json!([0]));
    assert_eq!(value.receive()["error"]["code"], -32602);
    blocks.send("unsubscribeBestBlock", json!([id]));
    // The change by hand was told of as well: the head's state is another one.
    let mut answer = blocks.receive();
    while answer.get("result").is_none() {
        answer = blocks.receive();
    }
    assert_eq!(answer["result"], true);
}

/// A client that reads nothing holds up neither blocks nor other clients. Far more is to be told
/// than the system takes for a socket; the subscriptions end, and a last notice says why.
#[test]
fn a_client_that_stops_reading_holds_up_nobody() {
    let patience = Duration::from_millis(200);
    let served = served(RpcLimits { notices: 1, patience, ..RpcLimits::default() });
    let mut silent = served.websocket();
    for _ in 0..4 {
        silent.send("subscribeServiceValue", json!([0, "a2V5", false]));
    }
    let mut other = served.websocket();
    other.subscribe("subscribeBestBlock", json!([]));
    assert_eq!(other.receive()["params"]["result"]["slot"], 3);
    let mut untold = 0;
    for slot in 4..24 {
        let value = vec![slot; 4 << 20];
        untold += 4 * value.len();
        let change = |accounts: &mut jambox_state::Accounts| {
            accounts.set_storage(ServiceId(0), b"key", Some(value.into()))?;
            Ok(())
        };
        served.node.change(change).unwrap();
        served.node.mine(1).unwrap();
        // Of the change by hand, of the block, or of both at once.
        while other.receive()["params"]["result"]["slot"] != slot {}
    }
    std::thread::sleep(2 * patience);
    let mut told = 0;
    let mut ended = 0;
    while ended < 4 {
        let notice = silent.receive();
        told += notice.to_string().len();
        if let Some(error) = notice["params"]["error"].as_str() {
            assert!(error.contains("left unread for 200ms: subscribe again"), "{error}");
            ended += 1;
        }
    }
    assert!(told < untold, "{told} octets reached it, of {untold}");
    silent.send("bestBlock", json!([]));
    assert_eq!(silent.receive()["result"]["slot"], 23, "the connection itself stays");
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let served = served(RpcLimits::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let node = Arc::clone(&served.node);
    let error = runtime.block_on(serve(node, served.address, RpcLimits::default())).unwrap_err();
    let address = served.address.to_string();
    assert!(error.to_string().contains(&address), "{error}");
}

#[test]
fn the_page_is_served_beside_the_rpc() {
    let served = served(RpcLimits::default());
    let (status, page) = served.http("GET /", b"");
    assert!(status.contains("200"), "{status}");
    assert!(page.contains("<!doctype html>"), "{page}");
    let (status, _) = served.http("GET /elsewhere", b"");
    assert!(status.contains("405") || status.contains("404"), "{status}");
}
