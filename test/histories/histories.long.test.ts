import { testHistories } from './histories.testsuite.ts';

testHistories(process.env['TRIBUTARY_TEST_LONG'] === undefined ? 500 : 10_000);
