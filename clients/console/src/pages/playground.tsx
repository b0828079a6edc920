import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useRef, useState } from 'react';

import { ask, SERVER_URL } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { shortDuration } from '../format/numbers.ts';
import { type Answer, curlOf, NOTHING_YET, streamAnswer } from '../gateway/stream-answer.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Button } from '../ui/button.tsx';
import { CodeBox } from '../ui/code-box.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { Page, Panel } from '../ui/panel.tsx';

const MAX_TOKENS = 512;
const HOUR_SECONDS = 3_600;

/** A model call by hand, to one model or two side by side. It goes the way of every other call, and costs as much. */
export function PlaygroundPage(): ReactElement {
  const models = useQuery(ask('gateway.listModels', { query: {} }));
  const names = models.data?.data.map(({ id }) => id) ?? [];
  const [key, setKey] = useState('');
  const [system, setSystem] = useState('');
  const [message, setMessage] = useState('');
  const [chosen, setChosen] = useState<readonly [string | null, string]>([null, '']);
  const [answers, setAnswers] = useState<Readonly<Record<number, Answer>>>({});
  const stop = useRef<AbortController | null>(null);
  const [isAsking, setAsking] = useState(false);
  const first = chosen[0] ?? names[0] ?? '';
  const asked = [first, chosen[1]].filter((name) => name !== '');
  const questionOf = (
    model: string,
  ): { url: string; model: string; system: string; message: string; maxTokens: number } => ({
    url: SERVER_URL,
    model,
    system,
    message,
    maxTokens: MAX_TOKENS,
  });
  const send = async (): Promise<void> => {
    const controller = new AbortController();
    stop.current = controller;
    setAsking(true);
    setAnswers({});
    await Promise.all(
      asked.map((model, index) =>
        streamAnswer(
          { ...questionOf(model), key: key.trim(), signal: controller.signal },
          (answer) => setAnswers((known) => ({ ...known, [index]: answer })),
        ),
      ),
    );
    setAsking(false);
  };
  return (
    <Page title="Playground" about="Call a model by hand, or two beside each other.">
      <div className="grid items-start gap-4 lg:grid-cols-[320px_1fr]">
        <Panel title="What is asked">
          <form
            className="flex flex-col gap-3"
            onSubmit={(event) => {
              event.preventDefault();
              void send();
            }}
          >
            <Choice
              label="Model"
              value={first}
              onChange={(event) => setChosen([event.target.value, chosen[1]])}
            >
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Choice>
            <Choice
              label="Beside it"
              value={chosen[1]}
              onChange={(event) => setChosen([chosen[0], event.target.value])}
            >
              <option value="">no other</option>
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Choice>
            <KeyField value={key} onChange={setKey} />
            <Field
              label="System"
              value={system}
              onChange={(event) => setSystem(event.target.value)}
            />
            <label className="flex flex-col gap-1">
              <span className="text-xs font-medium">Message</span>
              <textarea
                required
                rows={5}
                value={message}
                onChange={(event) => setMessage(event.target.value)}
                className="border-line-strong bg-raised rounded-sm border p-2"
              />
            </label>
            {isAsking ? (
              <Button onClick={() => stop.current?.abort()}>Stop</Button>
            ) : (
              <Button type="submit" look="main">
                Send
              </Button>
            )}
          </form>
        </Panel>
        <div className="flex min-w-0 flex-col gap-4">
          <div className={asked.length > 1 ? 'grid gap-4 xl:grid-cols-2' : ''}>
            {asked.map((model, index) => (
              <AnswerPanel
                key={`${model} ${index}`}
                model={model}
                answer={answers[index] ?? NOTHING_YET}
              />
            ))}
          </div>
          <Panel title="The same in a terminal">
            <CodeBox text={curlOf(questionOf(first))} label="curl for this question" />
          </Panel>
        </div>
      </div>
    </Page>
  );
}

/** Models are called with a virtual key, never with a session: what is spent here is somebody's too. */
function KeyField({
  value,
  onChange,
}: {
  value: string;
  onChange: (key: string) => void;
}): ReactElement {
  const act = useAct('gateway.createKey');
  const make = async (): Promise<void> => {
    const made = await act.run({
      body: { name: `playground ${new Date().toISOString()}`, expires_in_seconds: HOUR_SECONDS },
    });
    if (made !== null) onChange(made.key);
  };
  return (
    <div className="flex flex-col gap-1.5">
      <Field
        label="Virtual key"
        type="password"
        autoComplete="off"
        required
        placeholder="sk-…"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        hint="Kept in this tab’s memory alone."
      />
      <ActButton act={act} onAct={() => void make()}>
        Make one for an hour
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </div>
  );
}

function AnswerPanel({ model, answer }: { model: string; answer: Answer }): ReactElement {
  const facts = [
    answer.firstMs === null ? null : `first word after ${shortDuration(answer.firstMs)}`,
    answer.totalMs === null ? null : `${shortDuration(answer.totalMs)} in all`,
    answer.outputTokens === null
      ? null
      : `${answer.inputTokens ?? 0} → ${answer.outputTokens} tokens`,
    answer.model === null || answer.model === model ? null : `answered by ${answer.model}`,
  ].filter((fact) => fact !== null);
  return (
    <Panel title={model}>
      <p className="min-h-24 whitespace-pre-wrap" aria-live="polite">
        {answer.text === '' && answer.error === null ? (
          <span className="text-muted">Its answer stands here.</span>
        ) : (
          answer.text
        )}
      </p>
      {answer.error === null ? null : <p className="text-bad mt-2">{answer.error}</p>}
      <p className="text-muted mt-2 flex flex-wrap gap-x-3 text-xs">
        {facts.map((fact) => (
          <span key={fact}>{fact}</span>
        ))}
        {answer.callId === null ? null : (
          <span>
            Call <code className="font-mono">{answer.callId}</code>
          </span>
        )}
      </p>
    </Panel>
  );
}
