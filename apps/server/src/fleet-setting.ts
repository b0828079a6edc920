import { field, type Field } from '@sagewai/config';
import { FLEET_DEFAULTS, type FleetSettings } from '@sagewai/fleet';

type Numeric = {
  [Name in keyof FleetSettings]: FleetSettings[Name] extends number ? Name : never;
}[keyof FleetSettings];

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** A variable that is the whole of one setting, with its default. */
export interface SettingField<Setting extends Numeric, Kind extends string> extends Field<
  number,
  Kind
> {
  readonly setting: Setting;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const time = <Setting extends Numeric>(
  setting: Setting,
  description: string,
  bounds: Bounds = {},
): SettingField<Setting, 'duration'> => ({
  ...field.duration({ default: FLEET_DEFAULTS[setting], min: 1, ...bounds, description }),
  setting,
});

export const count = <Setting extends Numeric>(
  setting: Setting,
  description: string,
  bounds: Bounds = {},
): SettingField<Setting, 'integer'> => ({
  ...field.integer({ default: FLEET_DEFAULTS[setting], min: 1, ...bounds, description }),
  setting,
});
