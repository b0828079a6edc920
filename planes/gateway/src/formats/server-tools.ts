import type { ServerTools } from './format.ts';

/** The least that is looked at of a tool. */
interface Tool {
  readonly type?: unknown;
  readonly max_uses?: unknown;
}

/** Tools that Anthropic runs itself: they cost a fee, or read the input again and again. */
const SERVER_TOOL = /^(?:web_search|web_fetch|code_execution|tool_search|mcp_toolset|advisor)/;
/** Those that are bounded by how often they may be used; later forms of them run code as well. */
const SEARCH = 'web_search_20250305';
const FETCH = 'web_fetch_20250910';

/**
 * What the tools of a request can cost beside one reading of its input (M1): each use may be a fee, and is
 * read with all that went before. `unpriced` names the first that nothing bounds (M4).
 */
export function readServerTools(
  tools: readonly (Tool | null)[] | null | undefined,
):
  | { readonly kind: 'bounded'; readonly tools: ServerTools | undefined }
  | { readonly kind: 'unpriced'; readonly what: string } {
  let searches = 0;
  let rounds = 0;
  for (const tool of tools ?? []) {
    const type = tool?.type;
    if (typeof type !== 'string' || !SERVER_TOOL.test(type)) continue;
    if (type !== SEARCH && type !== FETCH) return { kind: 'unpriced', what: `tools.${type}` };
    const uses = tool?.max_uses;
    if (typeof uses !== 'number' || !Number.isSafeInteger(uses) || uses < 0 || uses > USES_MAX) {
      return { kind: 'unpriced', what: `tools.${type} without a small max_uses` };
    }
    rounds += uses;
    if (type === SEARCH) searches += uses;
  }
  return { kind: 'bounded', tools: rounds === 0 ? undefined : { searches, rounds } };
}

const USES_MAX = 100;
