import { cancel, confirm, isCancel, multiselect, password, select, text } from '@clack/prompts'

/** Ctrl-C (or Escape) at a question. Ends with exit code 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** Whether somebody is there to answer. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}

async function answered<Answer>(question: Promise<Answer>): Promise<Exclude<Answer, symbol>> {
  const answer = await question
  if (!isCancel(answer)) return answer as Exclude<Answer, symbol>
  cancel('Nothing was done.')
  throw new Interrupted('interrupted')
}

/** Transports that are offered, with what each is good for. */
const transportHints: Readonly<Record<string, string>> = {
  http: 'browsers, VLC, Home Assistant, OctoPrint',
  tcp: 'programs of your own, every frame whole',
  udp: 'programs of your own, least delay'
}

/** Asks how frames shall go out. */
export async function askMethod(): Promise<readonly string[]> {
  const method = await answered(
    select<string>({
      message: 'How shall the stream go out?',
      options: [
        { value: 'all', label: 'All of them' },
        ...Object.entries(transportHints).map(([use, hint]) => ({ value: use, label: use.toUpperCase(), hint }))
      ]
    })
  )
  return method === 'all' ? Object.keys(transportHints) : [method]
}

/** Asks twice without showing it, on standard error, so that standard output has the answer of the program alone. */
export async function askPassword(): Promise<string> {
  const first = await answered(
    password({
      message: 'Password',
      output: process.stderr,
      validate: (value) => (value === undefined || value === '' ? 'At least one character' : undefined)
    })
  )
  await answered(
    password({
      message: 'Once more',
      output: process.stderr,
      validate: (value) => (value === first ? undefined : 'That is another one')
    })
  )
  return first
}

export function askYes(message: string, initialValue: boolean): Promise<boolean> {
  return answered(confirm({ message, initialValue }))
}

export function askText(
  message: string,
  initialValue: string,
  wrong: (text: string) => string | undefined
): Promise<string> {
  return answered(text({ message, initialValue, validate: (value) => wrong(value ?? '') }))
}

export function askOne(
  message: string,
  options: ReadonlyArray<{ readonly value: string; readonly label: string; readonly hint?: string }>
): Promise<string> {
  return answered(select<string>({ message, options: [...options] }))
}

export function askTransports(): Promise<readonly string[]> {
  return answered(
    multiselect<string>({
      message: 'How shall frames go out? (space selects, return goes on)',
      options: Object.entries(transportHints).map(([use, hint]) => ({ value: use, label: use.toUpperCase(), hint })),
      initialValues: Object.keys(transportHints),
      required: true
    })
  )
}
