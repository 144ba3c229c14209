import { testHistories } from './histories.testsuite.ts';

testHistories(process.env['TRIBUTARY_TEST_LONG'] === undefined ? 100 : 10_000);
