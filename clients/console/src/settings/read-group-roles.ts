export interface GroupRole {
  readonly group: string;
  readonly role: string;
  readonly project?: string;
}

/** `engineering=developer, ops=operator@billing`, as the command line takes them. A text: what is wrong. */
export function readGroupRoles(text: string): readonly GroupRole[] | string {
  const roles: GroupRole[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const [, group, role, project] = /^(.+)=([^=@]+)(?:@([^@]+))?$/.exec(part) ?? [];
    if (group === undefined || role === undefined)
      return `${part} is not GROUP=ROLE or GROUP=ROLE@PROJECT.`;
    roles.push({ group, role, ...(project === undefined ? {} : { project }) });
  }
  return roles;
}
