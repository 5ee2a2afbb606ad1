import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A self-signed certificate for `localhost` in a folder of its own: `cert.pem` and `key.pem`. */
export interface Certificate {
  readonly folder: string
  readonly cert: Buffer
  /** Of the configuration, relative to `folder`. */
  readonly tls: { readonly cert: string; readonly key: string }
  remove(): Promise<void>
}

/** Makes one by `openssl`, since Node cannot. @throws Error that says so where that program is missing. */
export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'streamer-certificate-'))
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  try {
    execFileSync('openssl', [...request, ...names, '-keyout', 'key.pem', '-out', 'cert.pem'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe']
    })
  } catch (error) {
    throw new Error('these tests need the program openssl (Debian: apt-get install openssl)', { cause: error })
  }
  return {
    folder,
    cert: readFileSync(join(folder, 'cert.pem')),
    tls: { cert: 'cert.pem', key: 'key.pem' },
    remove: () => rm(folder, { recursive: true })
  }
}
