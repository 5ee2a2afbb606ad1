// Reads what `tsc` made of a door: its report, a model of all that is exported, and what is wrong with it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { ApiModel } from '@microsoft/api-extractor-model'

/** All that is exported is public; nobody writes `@public` on it. Parameters are told without a hyphen. Comments are looked at in reference.mjs. */
const unimportant = new Set(['ae-missing-release-tag', 'ae-undocumented', 'tsdoc-param-tag-missing-hyphen'])

/**
 * @param root absolute path of the project's folder.
 * @returns `report` as text, `exports` as items of API Extractor's model, `comment` of the module, and `problems`, one sentence each.
 */
export function extract(root, door) {
  const scratch = mkdtempSync(join(tmpdir(), 'streamer-api-'))
  try {
    const projectFolder = join(root, door.folder)
    const modelFile = join(scratch, 'door.api.json')
    const config = ExtractorConfig.prepare({
      packageJsonFullPath: join(projectFolder, 'package.json'),
      configObjectFullPath: undefined,
      configObject: {
        projectFolder,
        mainEntryPointFilePath: join(projectFolder, door.types),
        compiler: {
          overrideTsconfig: { extends: '../../tsconfig.base.json', include: ['dist'] },
          skipLibCheck: true
        },
        apiReport: {
          enabled: true,
          reportFileName: 'door.api.md',
          reportFolder: scratch,
          reportTempFolder: join(scratch, 'temporary')
        },
        docModel: { enabled: true, apiJsonFilePath: modelFile },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        messages: {
          compilerMessageReporting: { default: { logLevel: 'error' } },
          extractorMessageReporting: { default: { logLevel: 'error' } },
          tsdocMessageReporting: { default: { logLevel: 'error' } }
        }
      }
    })
    const problems = []
    Extractor.invoke(config, {
      localBuild: true,
      messageCallback: (message) => {
        message.handled = true
        if (message.logLevel !== 'error' || unimportant.has(message.messageId)) return
        const { sourceFilePath: file = '', sourceFileLine: line, text, messageId } = message
        problems.push(`${file.replace(`${root}/`, '')}:${line}: ${text} (${messageId})`)
      }
    })
    const model = new ApiModel().loadPackage(modelFile)
    return {
      report: tidied(readFileSync(join(scratch, 'temporary/door.api.md'), 'utf8'), door.module),
      exports: model.entryPoints[0].members,
      comment: model.tsdocComment,
      problems
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function tidied(report, module) {
  return report
    .replace(/^## .*$/m, `# What \`${module}\` exports`)
    .replace(
      /^> Do not edit.*$/m,
      '`npm run api` writes this file. Each difference is a change that plugins or programs can notice: review it.'
    )
    .replace('```ts\n\n', '```ts\n')
    .replace('\n\n```\n', '\n```\n')
}
