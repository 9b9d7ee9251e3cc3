/** How much the rules may hold. Azure Machine Learning publishes no bounds for tags: these are ours. */

export const MAX_FILES = 200
export const MAX_RULES = 10_000
/** What the braces of all patterns expand to, together: each takes some hundred bytes and a place in the index. */
export const MAX_ALTERNATIVES_IN_ALL = 100_000
export const MAX_WORKSPACES_PER_RULE = 100
/** How many globs or names one list may hold. */
export const MAX_LIST_LENGTH = 100
/** Of the rule's own; a version may have 50. */
export const MAX_TAGS = 40
export const MAX_TAG_KEY_LENGTH = 100
/** Of the template and of what it renders to, which is cut. */
export const MAX_TAG_VALUE_LENGTH = 1000
export const MAX_DESCRIPTION_LENGTH = 1000
