// Decodes a file of blocks (the `result` of a getBlock on each line) with Anchor's own coders, as an indexer in
// TypeScript would: node tests/bench/peer/decode.mjs FILE. Writes how many events and records it found, and how many
// seconds of the processor that took.

import { readFileSync, openSync, readSync, fstatSync } from "node:fs";
import anchor from "@coral-xyz/anchor";
import bs58 from "bs58";

const EVENT_TAG = Buffer.from("e445a52e51cb9a1d", "hex");
const ROWS = { record_challenges: "measurements", post_scores: "scores", commit_challenge: null };
const IDLS = new URL("../../../programs/idls/", import.meta.url);

const coders = new Map();
for (const program of ["oracle", "staking", "emission", "burn", "escrow"]) {
  const idl = JSON.parse(readFileSync(new URL(`${program}.json`, IDLS), "utf8"));
  const records = idl.instructions.filter((found) => found.name in ROWS);
  coders.set(idl.address, {
    coder: new anchor.BorshCoder(idl),
    records: records.map((found) => [Buffer.from(found.discriminator), found.name]),
  });
}

let events = 0;
let records = 0;

function decodeCall(keys, call, isInner) {
  const known = coders.get(keys[call.programIdIndex]);
  if (known === undefined) return;
  const data = Buffer.from(bs58.decode(call.data));
  if (data.subarray(0, 8).equals(EVENT_TAG)) {
    // The coder takes what a log would hold.
    if (isInner && known.coder.events.decode(data.subarray(8).toString("base64")) !== null) events += 1;
    return;
  }
  const record = known.records.find(([discriminator]) => data.subarray(0, 8).equals(discriminator));
  if (record === undefined) return;
  const said = known.coder.instruction.decode(data);
  const rows = ROWS[record[1]];
  records += rows === null ? 1 : said.data[rows].length;
}

function decodeBlock(block) {
  for (const { transaction, meta } of block.transactions) {
    if (meta.err !== null) continue;
    const loaded = meta.loadedAddresses ?? { writable: [], readonly: [] };
    const keys = [...transaction.message.accountKeys, ...loaded.writable, ...loaded.readonly];
    const groups = new Map(meta.innerInstructions.map((group) => [group.index, group.instructions]));
    transaction.message.instructions.forEach((call, top) => {
      decodeCall(keys, call, false);
      for (const inner of groups.get(top) ?? []) decodeCall(keys, inner, true);
    });
  }
}

function* lines(path) {
  const file = openSync(path);
  const end = fstatSync(file).size;
  let rest = Buffer.alloc(0);
  for (let at = 0; at < end; ) {
    const chunk = Buffer.alloc(Math.min(1 << 25, end - at));
    at += readSync(file, chunk, 0, chunk.length, at);
    rest = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let to; (to = rest.indexOf(10, from)) >= 0; from = to + 1) yield rest.toString("utf8", from, to);
    rest = rest.subarray(from);
  }
}

const began = process.cpuUsage();
for (const line of lines(process.argv[2])) decodeBlock(JSON.parse(line));
const used = process.cpuUsage(began);
console.log(JSON.stringify({ events, records, seconds: (used.user + used.system) / 1e6 }));
