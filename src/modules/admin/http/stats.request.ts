import { IsMoment } from './filter.fields.js';

export class StatsQuery {
  @IsMoment('The first hour. Default: the beginning of the 30 UTC days up to `to`.')
  readonly from?: Date;

  @IsMoment('The last hour, which is included. Default: now.')
  readonly to?: Date;
}
