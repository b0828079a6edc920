/** Who is asked at every beat; false: not at the next. */
export interface Member {
  beat(): boolean;
}

/** One timer for all that wait a moment: a timer for each of them would cost more than what it saves. */
export interface Beat {
  /** Asks the member when the present beat ends: after `everyMs` at most. */
  join(member: Member): void;
}

export function createBeat(everyMs: number): Beat {
  let members = new Set<Member>();
  let timer: NodeJS.Timeout | undefined;

  function end(): void {
    const asked = members;
    members = new Set();
    timer = undefined;
    for (const member of asked) if (member.beat()) join(member);
  }

  function join(member: Member): void {
    members.add(member);
    timer ??= setTimeout(end, everyMs);
  }

  return { join };
}
