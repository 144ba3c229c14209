/** DynamoDB keeps records for 24 hours (Developer Guide, "Data retention limit for DynamoDB Streams"). */
export const RETENTION_MS = 24 * 3_600_000;
/** What is taken for certain: times of records are cut, clocks differ, trimming has its own pace. */
const CERTAINLY_HELD_MS = RETENTION_MS - 3_600_000;

/** Whether nothing that is still owed can have been trimmed: everything before `verifiedThroughMs` is durable already. */
export function isCertainlyHeld(verifiedThroughMs: number, awsNowMs: number): boolean {
  return awsNowMs - verifiedThroughMs < CERTAINLY_HELD_MS;
}
