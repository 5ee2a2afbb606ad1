import { define } from './isolated.mjs'

export default define('transport', { supports: { codecs: ['mjpeg', 'h264'] } })
