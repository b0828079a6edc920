import { Fault } from '@sagewai/fault';
import { type JsonObject, Untranslatable } from '@sagewai/translate';

import { bridgeTo, type Reach, withDeployments } from '../formats/bridge.ts';
import type { Asked, Format } from '../formats/format.ts';
import type { ModelGroup } from '../models/model-table.ts';
import { sealedIn } from '../sealed-reasoning/sealed-in.ts';

/** A request that can be said to some of the deployments of its model. */
export interface Crossable {
  readonly group: ModelGroup;
  readonly asked: Asked;
  /** What it brings along sealed, where it is said to providers that seal; undefined: it is not. */
  readonly sealed: readonly string[] | undefined;
}

/**
 * Which deployments a request can be said to, before anything is taken for it. One that no deployment
 * can be asked is the caller's mistake, and named by its field.
 */
export function crossCall(
  { group, crossed }: Reach,
  client: Format,
  { body: request, raw }: { readonly body: JsonObject; readonly raw: Buffer },
  asked: Asked,
): Crossable {
  const refused = new Map<string, Untranslatable>();
  const said: Asked[] = [];
  let bytesMore = 0;
  let sealed: readonly string[] | undefined;
  for (const deployment of crossed) {
    const bridge = bridgeTo(deployment, client.name);
    const { provider } = deployment.endpoint;
    if (!bridge?.crossing || refused.has(provider)) continue;
    try {
      const { body } = bridge.crossing.open(request, {
        deployment,
        maxTokensDefault: asked.outputStated ?? 1,
        outputCap: undefined,
        now: () => new Date(0),
        createdAt: 0,
        inputTokensEstimate: 0,
      });
      said.push(bridge.upstream.read(body, {}));
      if (bridge.upstream.name === 'responses') sealed = sealedIn(body['input']);
      // A translation may be longer than what was said: its tokens are bounded by its own bytes (M1).
      bytesMore = Math.max(bytesMore, Buffer.byteLength(JSON.stringify(body)) - raw.length);
    } catch (thrown) {
      if (!(thrown instanceof Untranslatable)) throw thrown;
      refused.set(provider, thrown);
    }
  }
  const left = withDeployments(group, ({ endpoint }) => !refused.has(endpoint.provider));
  const [first] = refused.values();
  if (left.deployments.length === 0 && first) throw cannotBeSaid(group.model, first);
  const isNativeToo = left.deployments.length > said.length;
  return {
    group: left,
    asked: dearest(isNativeToo ? [asked, ...said] : said, { asked, bytesMore }),
    sealed,
  };
}

/**
 * What is paid for is what is sent: a tool that was left out costs nothing, and a mark that the client's
 * format does not know is passed on all the same (M1, M4).
 */
function dearest(
  all: readonly Asked[],
  { asked, bytesMore }: { readonly asked: Asked; readonly bytesMore: number },
): Asked {
  const most = (of: (each: Asked) => number): number => Math.max(...all.map(of));
  return {
    ...asked,
    keepsHour: asked.keepsHour || all.some(({ keepsHour }) => keepsHour),
    unpriced: all.find(({ unpriced }) => unpriced !== undefined)?.unpriced,
    parts: {
      ...asked.parts,
      images: most(({ parts }) => parts.images),
      opaque: most(({ parts }) => parts.opaque),
      repeatedBytes: Math.max(asked.parts.repeatedBytes ?? 0, bytesMore),
    },
  };
}

function cannotBeSaid(model: string, { field, message }: Untranslatable): Fault {
  return new Fault('request.invalid', 'the request cannot be said in the format of the provider', {
    detail: `The provider of \`${model}\` speaks another format, which has no word for \`${field}\`: ${message}.`,
    mistakes: [{ part: 'body', path: `/${field}`, message }],
  });
}
