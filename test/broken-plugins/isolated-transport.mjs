import { define } from './isolated.mjs'

export default define('transport')
