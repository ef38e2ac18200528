/** All that is bundled into one file: the commands and the API. */
export { main } from './main.js'
export * from '../index.js'
