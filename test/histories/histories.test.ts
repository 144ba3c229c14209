import { testHistories } from './histories.testsuite.ts';

testHistories(20);
