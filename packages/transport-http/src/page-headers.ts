import type { ServerResponse } from 'node:http'
import type { Origins } from './access/origins.js'
import { pageCsp } from './page.js'

/**
 * What a browser shall keep from the page, and from others about it.
 * @param origins whose pages may show it in a frame beside our own; others could lay it below something and have it clicked at unseen.
 */
export function setPageHeaders(response: ServerResponse, origins: Origins): void {
  const ancestors = origins.isAny ? '*' : ["'self'", ...origins.list].join(' ')
  response.setHeader('Content-Security-Policy', `${pageCsp}; frame-ancestors ${ancestors}`)
  // An address may have a token in it.
  response.setHeader('Referrer-Policy', 'no-referrer')
  response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()')
}
