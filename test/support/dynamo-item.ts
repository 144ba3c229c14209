/** An attribute value as the DynamoDB API writes it; B and BS hold base64. */
export type DynamoValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly M: DynamoItem }
  | { readonly L: readonly DynamoValue[] }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] };

export type DynamoItem = Readonly<Record<string, DynamoValue>>;
