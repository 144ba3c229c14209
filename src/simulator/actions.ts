import type { Account } from './account.ts';
import { batchWriteItem, deleteItem, getItem, putItem, updateItem } from './item-actions.ts';
import type { Fields } from './request-fields.ts';
import {
  createTable,
  deleteTable,
  describe,
  describeContinuousBackups,
  describeLimits,
  describeTimeToLive,
  listTables,
  listTagsOfResource,
  tagResource,
  untagResource,
  updateContinuousBackups,
  updateTable,
  updateTimeToLive,
} from './table-actions.ts';

/** An action answers with JSON text where it has it, else with an object that becomes it. */
export type Action = (account: Account, request: Fields) => string | object;

/** Every action but Scan, whose answer the request log looks into. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['BatchWriteItem', batchWriteItem],
  ['CreateTable', createTable],
  ['DeleteItem', deleteItem],
  ['DeleteTable', deleteTable],
  ['DescribeContinuousBackups', describeContinuousBackups],
  ['DescribeLimits', describeLimits],
  ['DescribeTable', describe],
  ['DescribeTimeToLive', describeTimeToLive],
  ['GetItem', getItem],
  ['ListTables', listTables],
  ['ListTagsOfResource', listTagsOfResource],
  ['PutItem', putItem],
  ['TagResource', tagResource],
  ['UntagResource', untagResource],
  ['UpdateContinuousBackups', updateContinuousBackups],
  ['UpdateItem', updateItem],
  ['UpdateTable', updateTable],
  ['UpdateTimeToLive', updateTimeToLive],
]);
