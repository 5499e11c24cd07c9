import { type Readable } from 'node:stream';
import { applyDecorators, StreamableFile } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';

const TYPE = 'text/csv';

/** A download. */
export const toCsvFile = (name: string, rows: Readable): StreamableFile =>
  new StreamableFile(rows, { type: `${TYPE}; charset=utf-8`, disposition: `attachment; filename="${name}.csv"` });

export const ApiCsv = (what: string) =>
  applyDecorators(
    ApiOkResponse({
      description: `The ${what}, a line each, newest first, after a line with the names of the columns. Formulas are defused with an apostrophe.`,
      content: { [TYPE]: { schema: { type: 'string' } } },
    }),
  );
