// A Singer target for tests. It holds rows until it confirms a STATE, as real ones do, and then appends them to a file: a
// line for each message, in their order. What it does wrong its arguments say.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    into: { type: 'string' },
    // each: at once. eof: the last one. rows: the same, but the first one where no RECORD came. stream: of one stream only.
    // old: each one message late. never.
    echo: { type: 'string', default: 'each' },
    // Prints what is no state.
    noise: { type: 'boolean', default: false },
    // Says this on its error output.
    say: { type: 'string' },
    // Confirms more than it was given.
    boast: { type: 'boolean', default: false },
    exit: { type: 'string', default: '0' },
    // Refuses its configuration, with these words behind a traceback.
    refuse: { type: 'string' },
    // Fails at its RECORD of this number, as at one that it cannot load.
    'fail-at': { type: 'string' },
    // After so many RECORDs: ends; reads no more.
    'exit-after': { type: 'string' },
    'hang-after': { type: 'string' },
    // Does not end after its input.
    linger: { type: 'boolean', default: false },
    // Does not end when it is asked to.
    stubborn: { type: 'boolean', default: false },
    'slow-ms': { type: 'string', default: '0' },
  },
});

if (values.stubborn) process.on('SIGTERM', () => {});
if (values.say !== undefined) process.stderr.write(`${values.say}\n`);

const crash = (words) => {
  process.stderr.write(`Traceback (most recent call last):\n  File "target.py", line 1, in main\n${words}\n`);
  process.exit(1);
};
if (values.refuse !== undefined) crash(values.refuse);

let held = [];
let records = 0;
let first = null;
let last = null;
let flushed = null;

const flush = (isMine = () => true) => {
  const lines = held.filter(isMine);
  held = held.filter((line) => !lines.includes(line));
  if (lines.length > 0 && values.into !== undefined) appendFileSync(values.into, `${lines.join('\n')}\n`);
};
const echo = (state) => {
  if (state !== null) process.stdout.write(`${JSON.stringify(state)}\n`);
};
const boasted = (state) =>
  JSON.parse(JSON.stringify(state).replace(/:(\d+)"/g, (_, mark) => `:${Number(mark) + 1000}"`));

/** As target-duckdb: the first state counts as loaded, and then a state as far as its stream is: here only the first by name is. */
const echoStream = (state) => {
  flushed ??= structuredClone(state);
  const [stream] = Object.keys(state.bookmarks).sort();
  flush((line) => JSON.parse(line).stream === stream);
  flushed.bookmarks[stream] = state.bookmarks[stream];
  echo(flushed);
};

const onState = (state) => {
  if (values.echo === 'each') {
    flush();
    echo(values.boast ? boasted(state) : state);
  } else if (values.echo === 'stream') echoStream(state);
  else if (values.echo === 'old') echo(last);
  first ??= state;
  last = state;
};

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (values['slow-ms'] !== '0') await sleep(Number(values['slow-ms']));
  if (values.noise)
    process.stdout.write('loaded 7 rows\n[1]\n{"bookmarks":{"shop-orders":{"tributary":"another:99"}}}\n');
  if (message.type === 'STATE') onState(message.value);
  else held.push(line);
  if (message.type === 'RECORD') records += 1;
  if (values['fail-at'] === String(records)) crash('ValueError: This row cannot be loaded');
  if (values['exit-after'] === String(records)) process.exit(Number(values.exit));
  if (values['hang-after'] === String(records)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
flush();
if (values.echo !== 'never') echo(values.echo === 'rows' && records === 0 ? first : last);
if (values.linger) await new Promise((resolve) => setTimeout(resolve, 3_600_000));
process.exitCode = Number(values.exit);
