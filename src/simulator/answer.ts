import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import type { Fault } from './faults.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export const JSON_TYPE = 'application/x-amz-json-1.0';

interface Sending {
  readonly answer: Answer;
  readonly fault: Fault | null;
  /** The simulator's clock. */
  readonly nowMs: number;
}

/** Writes an answer, broken as the fault says. Resolves when it is handed to the network. */
export async function sendAnswer(response: ServerResponse, { answer, fault, nowMs }: Sending): Promise<void> {
  const { status, contentType, body } = answer;
  // Records carry the simulator's time, so answers do too. Errors do not: where the Date of an error is far from the
  // machine's clock, the SDK blames the clock and repeats whatever the error was.
  if (status === 200) response.setHeader('date', new Date(nowMs).toUTCString());
  const half = Math.floor(body.length / 2);
  const checksum = crc32(body);
  const headers = {
    'content-type': contentType,
    'content-length': body.length,
    'x-amzn-requestid': randomUUID(),
    ...(fault?.kind === 'clock-skew' ? { date: new Date(Date.now() + fault.skewMs).toUTCString() } : {}),
    // DynamoDB sends it with every answer; STS does not.
    ...(contentType === JSON_TYPE ? { 'x-amz-crc32': fault?.kind === 'wrong-crc32' ? checksum ^ 1 : checksum } : {}),
  };
  switch (fault?.kind) {
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'reset-mid-body':
      response.writeHead(status, headers);
      await new Promise((resolve) => response.write(body.subarray(0, half), resolve));
      response.socket?.resetAndDestroy();
      return;
    case 'empty-body':
      response.writeHead(status, { 'content-type': contentType, 'content-length': 0 });
      return end(response, Buffer.alloc(0));
    case 'cut-body':
      response.writeHead(
        status,
        fault.framing === 'content-length'
          ? { ...headers, 'content-length': half }
          : { 'content-type': contentType, 'x-amz-crc32': checksum, 'transfer-encoding': 'chunked' },
      );
      return end(response, body.subarray(0, half));
    case 'slow-body':
      response.writeHead(status, headers);
      response.write(body.subarray(0, half));
      await fault.gate.pass();
      return end(response, body.subarray(half));
    default:
      response.writeHead(status, headers);
      return end(response, body);
  }
}

function end(response: ServerResponse, rest: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // A client that went away while its answer was held back is no error of the simulator.
    if (response.destroyed) return resolve();
    response.once('close', resolve);
    response.end(rest);
  });
}
