#!/usr/bin/env node
import { main, tapHost } from '../tap/main.ts';

process.exit(await main(tapHost('tap-dynamodb', process.argv.slice(2))));
