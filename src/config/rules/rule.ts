/** What every rule of the config is given. */

/** Keys and positions from the top of the config down to a value. */
export type Place = readonly (string | number)[]

/** Reports a problem at a place, with the name that was probably meant. */
export type Add = (at: Place, message: string, suggestion?: string) => void
