// A session of the debug adapter, driven by the client that editors' adapters are tested with.
// Arguments: the jambox command, a package with symbols of guests/paste-bin, that service's source.
const assert = require("assert");
const fs = require("fs");
const path = require("path");
const { DebugClient } = require("@vscode/debugadapter-testsupport");

const [jambox, program, source] = process.argv.slice(2);
const line = (text) => {
  const lines = fs.readFileSync(source, "utf8").split("\n");
  const index = lines.findIndex((line) => line.includes(text));
  assert(index >= 0, text);
  return index + 1;
};

const thread = { threadId: 1 };
let passed = 0;
const step = (name) => {
  passed += 1;
  console.log(`passed ${name}`);
};

async function started(launch, configure) {
  const client = new DebugClient("node", "", "jambox");
  // The adapter is a program of its own, not a script.
  client._runtime = jambox;
  client._executable = "debug";
  const port = await listening();
  await client.start(port.number);
  await client.initializeRequest({ adapterID: "jambox", linesStartAt1: true, columnsStartAt1: true });
  const initialized = client.waitForEvent("initialized");
  const sources = [path.dirname(path.dirname(source))];
  await client.launchRequest({ program, sources, ...launch });
  await initialized;
  await configure(client);
  return { client, process: port.process };
}

// Starts the adapter on a port of its choice.
function listening() {
  const child = require("child_process").spawn(jambox, ["debug", "--dap", "--port", "0"]);
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
      const port = said.match(/127\.0\.0\.1:(\d+)/);
      if (port) resolve({ number: Number(port[1]), process: child });
    });
    child.on("exit", (code) => reject(new Error(`the adapter ended: ${code} ${said}`)));
  });
}

// Does something that ends in a stop, and gives the stop.
async function stopped(client, request) {
  const event = client.waitForEvent("stopped");
  await request;
  return (await event).body;
}

const frames = async (client) => (await client.stackTraceRequest(thread)).body.stackFrames;
const top = async (client) => (await frames(client))[0];
const variables = async (client, scope) => {
  const scopes = (await client.scopesRequest({ frameId: 0 })).body.scopes;
  const variablesReference = scopes.find((it) => it.name === scope).variablesReference;
  const all = (await client.variablesRequest({ variablesReference })).body.variables;
  return Object.fromEntries(all.map((it) => [it.name, it.value]));
};
const count = async (client) => Number((await variables(client, "Machine"))["instructions so far"]);

async function refine() {
  const wanted = line("match text.len() {");
  const { client } = await started({ refine: 0 }, async (client) => {
    const breakpoints = [{ line: wanted }, { line: wanted, condition: "r7 +" }];
    const set = await client.setBreakpointsRequest({ source: { path: source }, breakpoints });
    const [good, bad] = set.body.breakpoints;
    assert.strictEqual(good.verified, true);
    assert.strictEqual(good.line, wanted);
    assert.strictEqual(bad.verified, false);
    const comment = line("//! A paste bin");
    const moved = await client.setBreakpointsRequest({
      source: { path: source },
      breakpoints: [{ line: wanted }, { line: comment }],
    });
    assert(moved.body.breakpoints[1].line > comment, "a line without code is moved");
    await client.setBreakpointsRequest({ source: { path: source }, breakpoints: [{ line: wanted }] });
  });
  const stop = await stopped(client, client.configurationDoneRequest());
  assert.strictEqual(stop.reason, "breakpoint");
  const all = await frames(client);
  assert.strictEqual(all[0].line, wanted);
  assert.strictEqual(all[0].source.path, source);
  assert(all[0].name.includes("paste_bin::refine"), all[0].name);
  assert(all.length > 2, "functions are inlined into the entry point");
  step("breakpoint by line in refine, stack with inlined frames");

  const before = await count(client);
  await stopped(client, client.stepInRequest(thread));
  const into = await top(client);
  assert(into.line !== wanted || into.name !== all[0].name);
  await stopped(client, client.nextRequest(thread));
  assert((await count(client)) > before + 1);
  step("step in, step over");
  for (let back = 0; back < 50 && (await count(client)) > before; back++) {
    await stopped(client, client.stepBackRequest(thread));
  }
  assert.strictEqual((await top(client)).line, wanted);
  step("step back");

  const registers = await variables(client, "Registers");
  const value = await client.evaluateRequest({ expression: "r1" });
  assert(value.body.result.includes(registers.r1));
  const memory = await client.customRequest("readMemory", { memoryReference: registers.r1, count: 16 });
  assert.strictEqual(Buffer.from(memory.body.data, "base64").length, 16);
  const at = (await top(client)).instructionPointerReference;
  const code = await client.disassembleRequest({
    memoryReference: at, instructionOffset: -5, instructionCount: 20,
  });
  assert.strictEqual(code.body.instructions.length, 20);
  assert.strictEqual(code.body.instructions[5].address, at);
  step("registers, memory, disassembly");

  const place = { memoryReference: registers.r1 };
  const data = Buffer.from("what if").toString("base64");
  const written = await client.customRequest("writeMemory", { ...place, data });
  assert.strictEqual(written.body.bytesWritten, 7);
  const now = await client.customRequest("readMemory", { ...place, count: 7 });
  assert.strictEqual(now.body.data, data);
  await stopped(client, client.stepBackRequest(thread));
  const again = await client.customRequest("readMemory", { ...place, count: 16 });
  assert.strictEqual(again.body.data, memory.body.data);
  step("write memory, undone by going back");

  await assert.rejects(client.customRequest("fly", {}), /not supported/);
  await assert.rejects(client.customRequest("writeMemory", { memoryReference: "0", data }), /cannot write/);
  await assert.rejects(client.evaluateRequest({ expression: "r77" }), /expected/);
  step("requests that make no sense are refused");
  await client.disconnectRequest({});
}

async function accumulate() {
  const { client } = await started({ accumulate: "paste-bin" }, async (client) => {
    const info = await client.dataBreakpointInfoRequest({ name: "key text:queue" });
    await client.setDataBreakpointsRequest({ breakpoints: [{ dataId: info.body.dataId }] });
  });
  const stop = await stopped(client, client.configurationDoneRequest());
  assert.strictEqual(stop.reason, "data breakpoint");
  assert.strictEqual((await variables(client, "Host call")).call, "write");
  step("data breakpoint on a storage key");

  const instruction = { ...thread, granularity: "instruction" };
  const behind = await count(client);
  await stopped(client, client.stepBackRequest(instruction));
  assert.strictEqual(await count(client), behind - 1);
  assert((await variables(client, "Machine")).instruction.startsWith("ecalli"));
  step("step back across a host call");

  const info = await client.dataBreakpointInfoRequest({ name: "r9", asAddress: true, bytes: 1 });
  await client.setDataBreakpointsRequest({ breakpoints: [{ dataId: info.body.dataId }] });
  const wrote = await stopped(client, client.reverseContinueRequest(thread));
  assert.strictEqual(wrote.reason, "data breakpoint");
  const writer = (await variables(client, "Machine")).instruction;
  assert(/^(store|ecalli)/.test(writer), writer);
  const stack = await frames(client);
  assert(stack.some((it) => it.name.includes("paste_bin::accumulate")), JSON.stringify(stack.map((it) => it.name)));
  step("reverse continue to a data breakpoint, with its stack");
  await client.disconnectRequest({});
}

(async () => {
  await refine();
  await accumulate();
  console.log(`${passed} passed`);
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
