import fc from 'fast-check';
import { itemArbitrary, type JsonStyle, writeJson } from './item-arbitrary.ts';
import { Members } from './oracle.ts';

/** One record of a stream as DynamoDB answers with it. */
export interface SampleRecord {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly isTtl: boolean;
  readonly keys: Members;
  readonly newImage: Members | null;
  readonly oldImage: Members | null;
  readonly sequenceNumber: string;
  /** As JSON text: DynamoDB writes seconds, with a fraction or without. */
  readonly createdAtSeconds: number;
}

const eventArbitrary = fc.record({
  eventName: fc.constantFrom('INSERT', 'MODIFY', 'REMOVE', 'REMOVE'),
  isTtl: fc.boolean(),
  image: itemArbitrary,
  oldImage: itemArbitrary,
  step: fc.bigInt({ min: 1n, max: 10n ** 12n }),
  createdAtSeconds: fc.oneof(
    fc.integer({ min: 1_500_000_000, max: 1_900_000_000 }),
    fc.integer({ min: 0, max: 1_900_000_000_000 }).map((ms) => ms / 1000),
  ),
});

/** Records of NEW_AND_OLD_IMAGES with rising numbers of 1 to 40 digits. */
export const recordsArbitrary: fc.Arbitrary<readonly SampleRecord[]> = fc
  .tuple(
    fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 13n }), fc.bigInt({ min: 10n ** 20n, max: 9n * 10n ** 39n })),
    fc.array(eventArbitrary, { maxLength: 6 }),
  )
  .map(([start, events]) => {
    let number = start;
    return events.map(({ eventName, isTtl, image, oldImage, step, createdAtSeconds }) => {
      number += step;
      return {
        eventName,
        isTtl: isTtl && eventName === 'REMOVE',
        keys: new Members([['pk', new Members([['S', `key ${number}`]])]]),
        newImage: eventName === 'REMOVE' ? null : image,
        oldImage: eventName === 'INSERT' ? null : oldImage,
        sequenceNumber: String(number),
        createdAtSeconds,
      };
    });
  });

export interface RecordsAnswer {
  readonly records: readonly SampleRecord[];
  readonly nextShardIterator: string | null;
}

/** A whole GetRecords answer with the members of every object in an order that the seed decides. */
export function writeRecordsPage({ records, nextShardIterator }: RecordsAnswer, style: JsonStyle): string {
  const turned = (members: readonly (readonly [string, unknown])[]): Members => {
    const turn = (style.seed >>> 4) % members.length;
    return new Members([...members.slice(turn), ...members.slice(0, turn)]);
  };
  const written = records.map((record) =>
    turned([
      ['awsRegion', 'us-east-1'],
      ['dynamodb', turned(changeMembers(record))],
      ['eventID', '1/é"\\'],
      ['eventName', record.eventName],
      ['eventSource', 'aws:dynamodb'],
      ['eventVersion', '1.1'],
      ...(record.isTtl ? [['userIdentity', ttlIdentity(style)] as const] : []),
    ]),
  );
  return writeJson(
    turned([
      ['Records', written],
      ...(nextShardIterator === null ? [] : [['NextShardIterator', nextShardIterator] as const]),
    ]),
    style,
  );
}

function changeMembers(record: SampleRecord): readonly (readonly [string, unknown])[] {
  return [
    ['ApproximateCreationDateTime', record.createdAtSeconds],
    ['Keys', record.keys],
    ...(record.newImage === null ? [] : [['NewImage', record.newImage] as const]),
    ...(record.oldImage === null ? [] : [['OldImage', record.oldImage] as const]),
    ['SequenceNumber', record.sequenceNumber],
    ['SizeBytes', 26],
    ['StreamViewType', 'NEW_AND_OLD_IMAGES'],
  ];
}

/** Documents write the names in lower case, SDKs in upper case. */
function ttlIdentity({ seed }: JsonStyle): Members {
  const names = seed % 2 === 0 ? ['type', 'principalId'] : ['Type', 'PrincipalId'];
  return new Members([
    [names[0] ?? '', 'Service'],
    [names[1] ?? '', 'dynamodb.amazonaws.com'],
  ]);
}
