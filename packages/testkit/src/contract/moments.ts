import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'

/** Waits until a start has come so far. */
type Moment = () => Promise<unknown> | undefined

/** How far a start may have come when it is interrupted: so early that none is done. */
export const early: readonly Moment[] = [() => undefined, () => Promise.resolve()]
/** How far a start may have come when it is interrupted. */
export const moments: readonly Moment[] = [...early, () => turn(), () => pause(5)]
