#!/usr/bin/env node
import { main, processHost } from '../app.ts';

const exit = (code: number): void => process.exit(code);
exit(await main(processHost(exit)));
