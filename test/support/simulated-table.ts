import type { Simulator } from '../../src/simulator/simulator.ts';

/** Creates a table with the key `pk` (S), on demand, unless `more` says otherwise: other parameters of CreateTable. */
export function createTable({ tables }: Simulator, name: string, more: Readonly<Record<string, unknown>> = {}): void {
  tables.create({
    TableName: name,
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    ...more,
  });
}

/** As a parameter of CreateTable. */
export const NEW_IMAGES = { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } } as const;
