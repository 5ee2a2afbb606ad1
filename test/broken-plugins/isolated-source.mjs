import { define } from './isolated.mjs'

export default define('source', { supports: { controls: true } })
