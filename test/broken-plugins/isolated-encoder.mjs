import { define } from './isolated.mjs'

export default define('encoder', { supports: { controls: true } })
