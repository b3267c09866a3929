// Asks a node by the RPC client of typeberry, which holds every answer against its own schemas.
//
//     node client.mjs FOLDER-WITH-NODE_MODULES ws://HOST:PORT
//
// Subscriptions are left out: that client wants their ids to be strings, and JIP-2 has numbers. It
// has no methods that hand anything in.
import { pathToFileURL } from "node:url";

const [folder, address] = process.argv.slice(2);
const inside = "node_modules/@typeberry/lib/packages/jam/rpc-client/index.js";
const { RpcClient } = await import(pathToFileURL(`${folder}/${inside}`).href);
const client = RpcClient.new(address);
await client.waitForConnection();

const is = (condition, said) => {
  if (!condition) throw new Error(`not as expected: ${JSON.stringify(said)}`);
};
const isHash = it => it instanceof Uint8Array && it.length === 32;
let passed = 0;
let failed = 0;
const judge = async (name, work) => {
  try {
    const result = await work();
    passed += 1;
    console.log(`passed typeberry ${name}`);
    return result;
  } catch (error) {
    failed += 1;
    console.log(`FAILED typeberry ${name}: ${error.message ?? JSON.stringify(error)}`);
  }
};

await judge("parameters", async () => {
  const { V1 } = await client.call("parameters");
  is(V1.core_count > 0 && V1.slot_period_sec === 6, V1);
});
const best = await judge("bestBlock", () => client.call("bestBlock"));
const finalized = await judge("finalizedBlock", () => client.call("finalizedBlock"));
const at = finalized.header_hash;
await judge("parent", async () => {
  const parent = await client.call("parent", [best.header_hash]);
  is(isHash(parent.header_hash) && parent.slot < best.slot, parent);
});
await judge("stateRoot", async () => is(isHash(await client.call("stateRoot", [at])), at));
await judge("statistics", async () => is((await client.call("statistics", [at])).length > 0, at));
await judge("listServices", async () => is((await client.call("listServices", [at])).includes(0), at));
const record = await judge("serviceData", () => client.call("serviceData", [at, 0]));
await judge("serviceData of no service", async () => {
  is(await client.call("serviceData", [at, 9]) === null, 9);
});
await judge("servicePreimage and serviceRequest of the code", async () => {
  // A record begins with an octet for its version, and with the hash of the code.
  const hash = record.slice(1, 33);
  const code = await client.call("servicePreimage", [at, 0, hash]);
  const slots = await client.call("serviceRequest", [at, 0, hash, code.length]);
  is(slots.length === 1, slots);
});
await judge("serviceValue of no key", async () => {
  is(await client.call("serviceValue", [at, 0, new Uint8Array([7])]) === null, 7);
});
await judge("the error of an unknown block", async () => {
  const asked = client.call("stateRoot", [new Uint8Array(32)]);
  const error = await asked.then(said => ({ said }), error => error);
  is(error.code === 1 && error.message.includes("is not available"), error);
});
client.close();
process.exit(failed === 0 ? 0 : 1);
