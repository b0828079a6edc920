import { BUILT_IN_ROLES, type BuiltInRole, type Permission, ROLE_MATRIX } from '@sagewai/wire';

/** The matrix of roles as a table for people. What no role gives is left out. */
export function tableOfRoles(): string {
  const roles = Object.keys(BUILT_IN_ROLES) as BuiltInRole[];
  const given = (Object.keys(ROLE_MATRIX) as Permission[]).filter(
    (permission) => ROLE_MATRIX[permission].length > 0,
  );
  const rows = given.map((permission) => [
    `\`${permission}\``,
    ...roles.map((role) => (ROLE_MATRIX[permission].includes(role) ? '✓' : '')),
  ]);
  const head = ['permission', ...roles];
  const width = (column: number): number =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0));
  const line = (row: readonly string[], fill = ' '): string =>
    `| ${row.map((cell, column) => cell.padEnd(width(column), fill)).join(' | ')} |`;
  const rule = line(
    head.map(() => ''),
    '-',
  );
  return ['', line(head), rule, ...rows.map((row) => line(row)), ''].join('\n');
}
