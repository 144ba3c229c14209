import type { DynamoItem } from '../test/support/dynamo-item.ts';

/** An item of 12 attributes and about 500 bytes of DynamoDB JSON, as tables of orders have them. */
export function flatItem(number: number): DynamoItem {
  const digits = String(number * 7_919 + 104_729);
  return {
    pk: { S: `CUST#${number.toString(16).padStart(8, '0')}` },
    sk: { N: String(number) },
    ordered_at: { S: new Date(1_700_000_000_000 + number * 61_000).toISOString() },
    updated_at: { S: new Date(1_700_000_900_000 + number * 59_000).toISOString() },
    total: { N: `${(number * 37) % 100_000}.${10 + (number % 89)}` },
    ledger: { N: `1${digits}`.padEnd(37, '9') },
    quantity: { N: String(1 + (number % 9)) },
    paid: { BOOL: number % 3 !== 0 },
    gift: { BOOL: number % 17 === 0 },
    status: { S: number % 5 === 0 ? 'returned' : 'shipped' },
    note: { S: `order ${number} left at the front desk of building ${number % 97}` },
    address: {
      M: {
        city: { S: 'São Paulo' },
        zip: { S: String(10_000 + (number % 89_999)) },
        floor: { N: String(number % 40) },
      },
    },
  };
}
