/** A table as a catalog selects it. */
export interface SelectedTable {
  readonly name: string;
  readonly key: readonly string[];
  readonly method: string;
  readonly projection?: string;
  readonly expressionAttributes?: Readonly<Record<string, string>>;
}

/** What discovery writes, with the choices that a user adds. */
export function catalogOf(tables: readonly SelectedTable[]): object {
  return {
    streams: tables.map(({ name, key, method, projection, expressionAttributes }) => ({
      table_name: name,
      stream: name,
      tap_stream_id: name,
      metadata: [
        {
          breadcrumb: [],
          metadata: {
            'table-key-properties': key,
            selected: true,
            'replication-method': method,
            ...(projection === undefined ? {} : { 'tap-mongodb.projection': projection }),
            ...(expressionAttributes === undefined
              ? {}
              : { 'tap-dynamodb.expression-attributes': JSON.stringify(expressionAttributes) }),
          },
        },
      ],
      schema: { type: 'object' },
    })),
  };
}
