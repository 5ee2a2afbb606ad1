import { STATUS_CODES } from 'node:http'
import { z } from 'zod'
import { accessProblems, type Operation, operations } from './operations.js'
import { schemas } from './schemas.js'

/** The OpenAPI 3.1 document of the API. @param version of the program. */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of operations) {
    const methods = paths[operation.path] ?? {}
    methods[operation.method.toLowerCase()] = describe(operation)
    paths[operation.path] = methods
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Streamer', version, description: 'State and control of a camera streaming server.' },
    // Relative to the address of the document, so that it holds behind a proxy that adds a prefix.
    servers: [{ url: '../v1' }],
    paths,
    // Any of these, or none where the option `anonymous` lets everybody in.
    security: [{ basic: [] }, { link: [] }, {}],
    components: {
      schemas: components(),
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic', description: 'One of the `users`.' },
        link: {
          type: 'apiKey',
          in: 'query',
          name: 'token',
          description: 'What `streamer link` makes, without --stream; for reading.'
        }
      }
    }
  }
}

function components(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' })
      return [name, rest]
    })
  )
}

function describe({ id, path, summary, answer, body, problems }: Operation): object {
  const parameters = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' }
  }))
  const responses: Record<string, object> = {}
  if (answer === undefined) responses['204'] = { description: 'Done.' }
  else {
    const schema = answer === 'any' ? { type: 'object' } : reference(answer)
    responses['200'] = { description: summary, content: { 'application/json': { schema } } }
  }
  for (const [status, description] of Object.entries({ ...accessProblems, ...problems })) {
    responses[status] = {
      description: description || STATUS_CODES[status] || '',
      content: { 'application/problem+json': { schema: reference('Problem') } }
    }
  }
  return {
    operationId: id,
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: reference(body) } } } }),
    responses
  }
}

function reference(name: keyof typeof schemas): object {
  return { $ref: `#/components/schemas/${name}` }
}
