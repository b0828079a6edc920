import { type Attribute, attribute, COMMON_ATTRIBUTES } from './attribute.ts';

export const GROUP_ATTRIBUTES: readonly Attribute[] = [
  ...COMMON_ATTRIBUTES,
  attribute('displayName', 'The name of the group', { required: true, uniqueness: 'server' }),
  attribute('members', 'Its members: users, no groups', {
    type: 'complex',
    multiValued: true,
    subAttributes: [
      attribute('value', 'The id of the member', { mutability: 'immutable', caseExact: true }),
      attribute('$ref', 'Where the member is', {
        type: 'reference',
        mutability: 'immutable',
        referenceTypes: ['User'],
      }),
      attribute('display', 'The name of the member', { mutability: 'readOnly' }),
      attribute('type', 'Always User', { mutability: 'immutable' }),
    ],
  }),
];
