export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'dateTime' | 'reference' | 'complex' | 'binary';
  readonly multiValued: boolean;
  readonly description: string;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly';
  readonly returned: 'always' | 'default' | 'never';
  readonly uniqueness: 'none' | 'server';
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly Attribute[];
}

/** An attribute with what most of them are. */
export function attribute(
  name: string,
  description: string,
  more: Partial<Attribute> = {},
): Attribute {
  return {
    name,
    type: 'string',
    multiValued: false,
    description,
    required: false,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    ...more,
  };
}

/** What every resource has. The server's own, but for `externalId`. */
export const COMMON_ATTRIBUTES: readonly Attribute[] = [
  attribute('id', 'The id that the server gave', {
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    uniqueness: 'server',
  }),
  attribute('externalId', 'The id that the client knows it by', { caseExact: true }),
  attribute('meta', 'What the server knows of it', {
    type: 'complex',
    mutability: 'readOnly',
    subAttributes: [
      attribute('resourceType', 'User or Group', { mutability: 'readOnly', caseExact: true }),
      attribute('created', 'When it was made', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('lastModified', 'When it was changed', {
        type: 'dateTime',
        mutability: 'readOnly',
      }),
      attribute('location', 'Where it is', { type: 'reference', mutability: 'readOnly' }),
      attribute('version', 'Its entity tag', { mutability: 'readOnly', caseExact: true }),
    ],
  }),
];
