import { testHistories } from './histories.testsuite.ts';

testHistories(process.env['TRIBUTARY_TEST_LONG'] === undefined ? 1_000 : 10_000);
