import { type Readable } from 'node:stream';
import { applyDecorators, StreamableFile } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';

const TYPE = 'text/csv';

/** The CSV as a download. */
export const toCsvFile = (name: string, rows: Readable): StreamableFile =>
  new StreamableFile(rows, { type: `${TYPE}; charset=utf-8`, disposition: `attachment; filename="${name}.csv"` });

export const ApiCsv = (what: string) =>
  applyDecorators(
    ApiOkResponse({
      description: `The ${what}, one line each, newest first, after a line with the names of the columns. An apostrophe precedes what a spreadsheet would run as a formula.`,
      content: { [TYPE]: { schema: { type: 'string' } } },
    }),
  );
