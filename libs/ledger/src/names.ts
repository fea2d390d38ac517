import type { BookPlace } from './outcome.ts'

const BOOK = 'book/'

/** Under which name a book is kept. One group may read a topic for several storages. */
export const bookName = (place: BookPlace): string => `${BOOK}${nameOf(place)}`
export const exceptionsName = (place: BookPlace): string => `exceptions/${nameOf(place)}`
export const isBookName = (name: string): boolean => name.startsWith(BOOK)

const nameOf = ({ group, storage, topic, partition }: BookPlace): string => `${group}/${storage}/${topic}/${partition}`
