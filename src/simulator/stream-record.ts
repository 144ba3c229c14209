import { attributesJson, attributesSizeBytes } from './attribute-value.ts';
import type { ItemChange } from './item-change.ts';
import type { StreamViewType } from './table-definition.ts';

/** One change of one item. Images are the texts that the table holds or held, shared with it. */
export interface StreamRecord {
  readonly sequenceNumber: bigint;
  readonly createdAtMs: number;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  /** DynamoDB JSON; the images are null where the view type leaves them out or there is none. */
  readonly keys: string;
  readonly newImage: string | null;
  readonly oldImage: string | null;
  readonly sizeBytes: number;
  /** Deleted by time to live. */
  readonly expired: boolean;
}

export function createRecord(
  change: ItemChange,
  {
    viewType,
    sequenceNumber,
    createdAtMs,
  }: { readonly viewType: StreamViewType; readonly sequenceNumber: bigint; readonly createdAtMs: number },
): StreamRecord {
  const { before, after } = change;
  const newImage = viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES' ? after : null;
  const oldImage = viewType === 'OLD_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES' ? before : null;
  return {
    sequenceNumber,
    createdAtMs,
    eventName: before === null ? 'INSERT' : after === null ? 'REMOVE' : 'MODIFY',
    keys: attributesJson(change.key),
    newImage: newImage?.json ?? null,
    oldImage: oldImage?.json ?? null,
    sizeBytes: attributesSizeBytes(change.key) + (newImage?.sizeBytes ?? 0) + (oldImage?.sizeBytes ?? 0),
    expired: change.expired,
  };
}

/** The record as GetRecords answers it. */
export function recordJson(
  record: StreamRecord,
  {
    eventIdSuffix,
    region,
    viewType,
  }: { readonly eventIdSuffix: string; readonly region: string; readonly viewType: string },
): string {
  const eventId = record.sequenceNumber.toString(16).padStart(24, '0') + eventIdSuffix;
  const images =
    (record.newImage === null ? '' : `"NewImage":${record.newImage},`) +
    (record.oldImage === null ? '' : `"OldImage":${record.oldImage},`);
  // The service knows the time of a record to the second only.
  const seconds = Math.floor(record.createdAtMs / 1000);
  const identity = record.expired ? ',"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}' : '';
  return (
    `{"eventID":"${eventId}","eventName":"${record.eventName}","eventVersion":"1.1","eventSource":"aws:dynamodb",` +
    `"awsRegion":"${region}","dynamodb":{"ApproximateCreationDateTime":${seconds},"Keys":${record.keys},${images}` +
    `"SequenceNumber":"${record.sequenceNumber}","SizeBytes":${record.sizeBytes},"StreamViewType":"${viewType}"}${identity}}`
  );
}
