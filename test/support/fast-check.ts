import fc from 'fast-check'

/** Properties are tried on the same values in every run, so that a run that passed passes again; `FC_SEED=…` tries others. */
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 1) })
