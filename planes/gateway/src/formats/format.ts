/**
 * A format is one way to speak with a model: what a request says, how an answer and its stream look. It is
 * a value. The hot path knows no format by name: it asks the value of the client's side for what is to be
 * metered and how errors look, and the value of the provider's side for what an answer consumed. A further
 * format is a file beside this one, a line in `bridge.ts` and an endpoint.
 */
import type { IncomingHttpHeaders } from 'node:http';

import type { JsonObject } from '@sagewai/translate';

import type { CapField, RequestNames } from '../bytes/rewrite-request.ts';
import type { StreamReading } from '../bytes/stream-reading.ts';
import type { CallBounds } from '../calls/plan-call.ts';
import type { Seen } from '../calls/settle-call.ts';
import type { KeptCall } from '../kept-responses/keep-response.ts';
import type { FormBody } from '../media/form-body.ts';
import type { Deployment } from '../models/deployment.ts';
import type { PromptParts } from '../money/meter.ts';
import type { Price } from '../money/price.ts';
import type { Usage } from '../money/usage.ts';
import type { ProviderName } from '../providers/provider.ts';

export type FormatName =
  | 'chat'
  | 'messages'
  | 'responses'
  | 'completions'
  | 'embeddings'
  | 'moderations'
  | 'rerank'
  | 'vertex-messages'
  | 'converse'
  | 'gemini'
  | 'gemini-embeddings'
  | 'gemini-embed'
  | 'vertex-embeddings'
  | 'bedrock-embeddings'
  | 'ollama-chat'
  | 'ollama-generate'
  | 'ollama-embed'
  | 'mixed'
  | 'images'
  | 'image-edits'
  | 'image-variations'
  | 'transcriptions'
  | 'translations'
  | 'speech';

/** What a request asks for, as far as it decides price and shape. Nothing else of it is looked at. */
export interface Asked {
  readonly model: string;
  readonly wantsStream: boolean;
  /** The client does not want the usage of the stream, which we ask for and take out. */
  readonly hidesUsage: boolean;
  readonly parts: PromptParts;
  /** None where nothing is written. */
  readonly choices: number;
  /** Predicted tokens that are rejected are charged as output, beside the limit. */
  readonly hasPrediction: boolean;
  /** The limit of each choice that the caller set. */
  readonly outputStated: number | undefined;
  /** Whether what is written to a cache may be kept there for an hour, which is dearer. */
  readonly keepsHour: boolean;
  /** What has a price of its own that usage does not show (M4). */
  readonly unpriced: string | undefined;
  /** Tools that the provider runs while it answers. */
  readonly serverTools?: ServerTools | undefined;
  /** The most it can take, where its bytes do not bound that: pictures, recordings. */
  readonly media?: MediaBounds | undefined;
  /** Its answer is kept by the provider, or it goes on from one that is. */
  readonly kept?: KeptCall | undefined;
  /** Which picture it is, for a price by the picture. */
  readonly picture?: PictureKind | undefined;
}

export interface MediaBounds {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Pictures, seconds or characters, as its format counts them. */
  readonly units: number;
  /** What it takes probably, for an estimate; left out: the most. */
  readonly likely?: Omit<MediaBounds, 'likely'>;
}

export interface PictureKind {
  readonly size: string | undefined;
  readonly quality: string | undefined;
}

/** The most that such tools may be used. */
export interface ServerTools {
  readonly searches: number;
  /** How often the whole input may be read again. */
  readonly rounds: number;
}

/** A failure, before it has the shape that a client parses. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

type Media = 'image_generation' | 'transcription' | 'translation' | 'speech';

/** Server-sent events. */
export const EVENT_STREAM = 'text/event-stream; charset=utf-8';

export interface Format {
  readonly name: FormatName;
  /** What is asked for, in the words of OpenTelemetry where it has one. */
  readonly operation: 'chat' | 'text_completion' | 'embeddings' | 'moderation' | 'rerank' | Media;
  /** Below the base URL of an endpoint. */
  readonly path: string;
  /** Where the URL names the model, or that a stream is wanted; left out: `path` is all of it. */
  readonly locate?: (model: string, wantsStream: boolean) => string;
  /** Its streams are frames of Amazon's, which are read as events before anything else sees them. */
  readonly isFramed?: boolean;
  /** The format that its bodies are of, but for the field of the model, which `insteadOfModel` replaces. */
  readonly variantOf?: FormatName;
  readonly insteadOfModel?: string;
  /** Sent with every request, beside the credential. */
  readonly headers: Readonly<Record<string, string>>;

  // As a client's:

  /** Of a passthrough: who may answer; left out: whoever can be reached. */
  readonly providers?: ReadonlySet<ProviderName>;
  /** Its answer is only that it was taken. */
  readonly isInBackground?: boolean;

  /** Names that are metered or spliced; each may occur once. */
  readonly names: RequestNames;
  /** `body` has passed the schema of the endpoint. */
  readonly read: (body: unknown, headers: IncomingHttpHeaders) => Asked;
  /** The client's headers that pass on to an endpoint of the same format. Never a credential (M6). */
  readonly passHeaders: (headers: IncomingHttpHeaders) => Readonly<Record<string, string>> | null;
  /** Queries of its URL that pass on, with their `?`. */
  readonly passQuery: (url: string) => string;
  /**
   * The cap to send so that a deployment keeps to what was granted; `undefined` when it will anyway. A
   * limit under a name that the provider ignores is repeated under one that it keeps (M1).
   */
  readonly capFor: (
    deployment: Deployment,
    body: unknown,
    bounds: CallBounds,
    granted: number,
  ) => { readonly field: CapField; readonly tokens: number } | undefined;
  /** The header in which its clients look for the name of a request; ours is in `x-request-id`. */
  readonly requestIdHeader?: string;
  readonly errorBody: (failure: Failure) => JsonObject;
  /** The media type of a stream that was translated. */
  readonly streamType: string;
  /** An event of a stream as it is sent, an error too. */
  readonly frame: (event: JsonObject) => string;
  /** What follows the last event; empty where nothing does. */
  readonly lastFrame: string;

  /** Other media types than JSON and events that an answer may have; it passes as it is. */
  readonly otherAnswers?: RegExp;
  /** What a call costs at a deployment, where that is not what a chat costs. */
  readonly priceOf?: (deployment: Deployment, asked: Asked) => Price | undefined;
  /** The body is a form: only its model is changed. */
  readonly form?: FormBody;

  // As a provider's:

  readonly usageOf: (answer: object) => Usage | undefined;
  /** How much an answer says that does not tell its usage. */
  readonly seenIn: (answer: object) => Seen;
  readonly stream: StreamReading;
  /** Whether the words of a refusal mean our credential, where the status does not tell (M6). */
  readonly isKeyRefused?: (words: Buffer) => boolean;
  /** The error that an event of a stream is, with the status that it would have had. */
  readonly failureIn: (
    event: JsonObject,
  ) => { readonly body: JsonObject; readonly status: number } | undefined;
}
