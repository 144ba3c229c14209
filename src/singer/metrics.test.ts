import { expect, test } from 'vitest';
import { jobDurationMetric, recordCountMetric } from './metrics.ts';

test('metrics are written as singer-python writes them', () => {
  expect(recordCountMetric('orders', 1200)).toBe(
    'METRIC: {"type":"counter","metric":"record_count","value":1200,"tags":{"endpoint":"orders"}}',
  );
  expect(jobDurationMetric({ jobType: 'sync', durationMs: 1234, status: 'failed' })).toBe(
    'METRIC: {"type":"timer","metric":"job_duration","value":1.234,"tags":{"job_type":"sync","status":"failed"}}',
  );
});
