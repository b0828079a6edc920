import { type Attribute, attribute, COMMON_ATTRIBUTES } from './attribute.ts';

/** A multi-valued attribute of the usual shape: value, display, type, primary. */
function plural(name: string, description: string, value: Partial<Attribute> = {}): Attribute {
  return attribute(name, description, {
    type: 'complex',
    multiValued: true,
    subAttributes: [
      attribute('value', 'The value itself', value),
      attribute('display', 'For people to read'),
      attribute('type', 'What it is for, such as work or home'),
      attribute('primary', 'Whether it is the first choice; of one value at most', {
        type: 'boolean',
      }),
    ],
  });
}

const NAME = attribute('name', 'The parts of the name', {
  type: 'complex',
  subAttributes: [
    attribute('formatted', 'The whole name'),
    attribute('familyName', 'The family name'),
    attribute('givenName', 'The given name'),
    attribute('middleName', 'The middle name'),
    attribute('honorificPrefix', 'Such as Dr.'),
    attribute('honorificSuffix', 'Such as III'),
  ],
});

const ADDRESSES = attribute('addresses', 'Postal addresses', {
  type: 'complex',
  multiValued: true,
  subAttributes: [
    attribute('formatted', 'The whole address'),
    attribute('streetAddress', 'Street and number'),
    attribute('locality', 'City'),
    attribute('region', 'State or region'),
    attribute('postalCode', 'Postal code'),
    attribute('country', 'Country'),
    attribute('type', 'What it is for, such as work or home'),
    attribute('primary', 'Whether it is the first choice', { type: 'boolean' }),
  ],
});

const GROUPS = attribute('groups', 'The groups that it is in; changed at the groups', {
  type: 'complex',
  multiValued: true,
  mutability: 'readOnly',
  subAttributes: [
    attribute('value', 'The id of the group', { mutability: 'readOnly', caseExact: true }),
    attribute('$ref', 'Where the group is', {
      type: 'reference',
      mutability: 'readOnly',
      referenceTypes: ['Group'],
    }),
    attribute('display', 'The name of the group', { mutability: 'readOnly' }),
    attribute('type', 'Always direct', { mutability: 'readOnly' }),
  ],
});

export const USER_ATTRIBUTES: readonly Attribute[] = [
  ...COMMON_ATTRIBUTES,
  attribute('userName', 'What the user is known by at the identity provider', {
    required: true,
    uniqueness: 'server',
  }),
  NAME,
  attribute('displayName', 'The name for people to read'),
  attribute('nickName', 'The casual name'),
  attribute('profileUrl', 'A page about the user', {
    type: 'reference',
    referenceTypes: ['external'],
  }),
  attribute('title', 'The title, such as Vice President'),
  attribute('userType', 'Such as Employee or Contractor'),
  attribute('preferredLanguage', 'The language'),
  attribute('locale', 'The locale'),
  attribute('timezone', 'The time zone'),
  attribute('active', 'Whether the account may be used', { type: 'boolean' }),
  plural('emails', 'E-mail addresses; the primary one is the account’s'),
  plural('phoneNumbers', 'Telephone numbers'),
  plural('ims', 'Addresses of instant messengers'),
  plural('photos', 'Addresses of pictures', { type: 'reference', referenceTypes: ['external'] }),
  ADDRESSES,
  GROUPS,
  plural('entitlements', 'Kept for the client; they allow nothing here'),
  plural('roles', 'Kept for the client; roles here come from groups'),
  plural('x509Certificates', 'Certificates', { type: 'binary', caseExact: true }),
];

export const ENTERPRISE_ATTRIBUTES: readonly Attribute[] = [
  attribute('employeeNumber', 'The number of the employee'),
  attribute('costCenter', 'The cost center'),
  attribute('organization', 'The organization'),
  attribute('division', 'The division'),
  attribute('department', 'The department'),
  attribute('manager', 'The manager', {
    type: 'complex',
    subAttributes: [
      attribute('value', 'The id of the manager', { caseExact: true }),
      attribute('$ref', 'Where the manager is', { type: 'reference', referenceTypes: ['User'] }),
      attribute('displayName', 'The name of the manager', { mutability: 'readOnly' }),
    ],
  }),
];
