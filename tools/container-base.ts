/**
 * A root file system of Debian's own packages, without a registry and without a shell: what is in it is a written list of
 * names, versions and digests (`deploy/images/base.json`), so that the same list makes the same bytes.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** What every image stands on, and what `curl` needs besides. */
export interface BaseLock {
  readonly suite: string;
  readonly architecture: string;
  readonly base: readonly LockedPackage[];
  readonly curl: readonly LockedPackage[];
}

const BASE = [
  'base-files',
  'netbase',
  'ca-certificates',
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'libatomic1',
];
/** Depended on for their scripts or plug-ins, of which nothing here has use. */
const LEFT_OUT =
  /^(?:debconf|cdebconf|dpkg|tar|gcc-12-base|openssl|.*awk|libsasl2-modules-db|libdb5\.3|install-info|readline-common|libreadline8|lib(?:acl1|selinux1|pcre2-8-0|md0|tinfo6|newt0\.52|slang2|textwrap1|debian-installer4|mpfr6|sigsegv2|bz2-1\.0|lzma5))$/;

/** The id of everything that runs in an image. */
export const UID = 10_001;

const apt = (...words: string[]): string =>
  execFileSync(words[0] ?? '', words.slice(1), {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });

/** The newest that Debian has now. */
export function lockNewest(): BaseLock {
  const closure = apt(
    'apt-cache',
    'depends',
    '--recurse',
    '--no-recommends',
    '--no-suggests',
    '--no-conflicts',
    '--no-breaks',
    '--no-replaces',
    '--no-enhances',
    'curl',
  );
  const names = new Set(closure.split('\n').filter((line) => /^[a-z]/.test(line)));
  const curl = [...names].filter((name) => !BASE.includes(name) && !LEFT_OUT.test(name));
  return {
    suite: 'bookworm',
    architecture: 'amd64',
    base: BASE.toSorted().map(newest),
    curl: curl.toSorted().map(newest),
  };
}

function newest(name: string): LockedPackage {
  const shown = apt('apt-cache', 'show', '--no-all-versions', name);
  const pick = (field: string): string =>
    new RegExp(`^${field}: (.*)$`, 'm').exec(shown)?.[1] ?? '';
  return { name, version: pick('Version'), sha256: pick('SHA256') };
}

/**
 * Unpacks packages into a folder. `newer`: where the mirror no longer has a version, its newest takes the place, and is
 * told; else that is an error. Returns what was really taken.
 */
export function unpack(
  packages: readonly LockedPackage[],
  to: string,
  { cache, newer }: { readonly cache: string; readonly newer: boolean },
): LockedPackage[] {
  mkdirSync(cache, { recursive: true });
  fetchAll(packages, cache);
  return packages.map((locked) => {
    const taken = isHere(locked, cache) ? locked : newer ? newestOf(locked, cache) : null;
    if (taken === null || !isHere(taken, cache)) {
      throw new Error(
        `${locked.name} ${locked.version} is no longer to be had: --lock writes the list anew`,
      );
    }
    const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', fileOf(taken, cache)], {
      maxBuffer: 256 * 1024 * 1024,
    });
    execFileSync('tar', ['-x', '--keep-directory-symlink', '--no-same-owner', '-C', to], {
      input: tar,
    });
    return taken;
  });
}

const fileOf = ({ name, sha256 }: LockedPackage, cache: string): string =>
  join(cache, `${name}_${sha256.slice(0, 16)}.deb`);

const isHere = (locked: LockedPackage, cache: string): boolean => existsSync(fileOf(locked, cache));

function newestOf({ name, version }: LockedPackage, cache: string): LockedPackage {
  const taken = newest(name);
  console.error(`${name} ${version} is no longer to be had; ${taken.version} takes its place`);
  fetchAll([taken], cache);
  return taken;
}

/** What is not to be had is not there afterwards. */
function fetchAll(packages: readonly LockedPackage[], cache: string): void {
  const missing = packages.filter((one) => !isHere(one, cache));
  if (missing.length === 0) return;
  const folder = join(cache, 'new');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const download = (some: readonly LockedPackage[]): boolean => {
    const words = some.map(({ name, version }) => `${name}=${version}`);
    const how = { cwd: folder, stdio: 'ignore' } as const;
    return spawnSync('apt-get', ['download', '-qq', ...words], how).status === 0;
  };
  // With one that is gone, none is fetched.
  if (!download(missing)) for (const one of missing) download([one]);
  const bySum = new Map(missing.map((one) => [one.sha256, one]));
  for (const file of globSync(join(folder, '*.deb'))) {
    const bytes = readFileSync(file);
    const known = bySum.get(createHash('sha256').update(bytes).digest('hex'));
    if (known === undefined) throw new Error(`${basename(file)} has another digest than the list`);
    writeFileSync(fileOf(known, cache), bytes);
  }
  rmSync(folder, { recursive: true });
}

const NOT_KEPT = [
  'usr/share/{man,info,locale,lintian,bash-completion,zsh,base-files,ca-certificates/mozilla}',
  'usr/lib/*/gconv',
  'usr/share/doc/*/{changelog,NEWS,README,TODO}*',
  '{boot,home,media,mnt,opt,srv,root,sbin,usr/sbin}',
  'etc/{update-motd.d,dpkg,profile.d,ld.so.conf.d/fakeroot*,ca-certificates*,debian_version,issue*}',
  'usr/bin/{ldd,zdump,tzselect,localedef,iconv,catchsegv,getent,locale,pldd,getconf,zic,c_rehash}',
];

/** The folders and links that packages are unpacked into. */
export function prepareRoot(to: string): void {
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) {
    mkdirSync(join(to, 'usr', name), { recursive: true });
    if (!existsSync(join(to, name))) symlinkSync(`usr/${name}`, join(to, name));
  }
}

/** What the packages' own scripts would have done, and nothing that a server has no use for. */
export function finishRoot(to: string): void {
  const authorities = globSync(join(to, 'usr/share/ca-certificates/mozilla/*.crt')).toSorted();
  const bundle = authorities.map((file) => readFileSync(file, 'utf8').trim()).join('\n');
  for (const pattern of NOT_KEPT) {
    for (const path of globSync(join(to, pattern))) rmSync(path, { recursive: true, force: true });
  }
  if (authorities.length > 0) {
    mkdirSync(join(to, 'etc/ssl/certs'), { recursive: true });
    writeFileSync(join(to, 'etc/ssl/certs/ca-certificates.crt'), `${bundle}\n`);
  }
  const nobody = `nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin`;
  const own = `sagewai:x:${UID}:${UID}::/var/lib/sagewai:/usr/sbin/nologin`;
  writeFileSync(join(to, 'etc/passwd'), `root:x:0:0::/:/usr/sbin/nologin\n${own}\n${nobody}\n`);
  writeFileSync(join(to, 'etc/group'), `root:x:0:\nsagewai:x:${UID}:\nnogroup:x:65534:\n`);
  writeFileSync(join(to, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  for (const folder of ['tmp', 'var/lib', 'proc', 'sys', 'dev', 'etc/sagewai']) {
    mkdirSync(join(to, folder), { recursive: true });
  }
  chmodSync(join(to, 'tmp'), 0o1777);
  const isLink = (path: string): boolean =>
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (isLink(join(to, 'sbin'))) rmSync(join(to, 'sbin'));
}
