#include "eval/longbench_words.h"

#include <stddef.h>

#define DOCUMENT "\n\nDocument:\n{context}\n\nQuestion: {input}\nAnswer:"

const char *longbench_own_prompt(metric_kind kind) {
    switch (kind) {
    case METRIC_CHOICE:
        return "Answer the question behind the document. One option is right; reply with its letter and "
               "nothing "
               "else." DOCUMENT;
    case METRIC_CHOICES:
        return "Answer the question behind the document. One or several options are right; reply with their "
               "letters, like B or ACD, and nothing else." DOCUMENT;
    case METRIC_NUMBER:
        return "Some problems and their solutions come first. Solve the last problem in the same way, and end "
               "with: The answer is _.\n\n{context}\n\n{input}";
    case METRIC_OUTPUT:
        return "Many functions and comments on them come first. A question about calls of some of them "
               "follows; "
               "answer it from the code.\n\n{context}\n\n{input}";
    case METRIC_VERDICTS:
        return "Is the statement behind the story True or False? Go by what the story says, not by what you "
               "know.\n\nStory:\n{context}\n\n{input}\nAnswer:";
    case METRIC_TEXT:
        return "This is the record of a conversation on several topics; each began with the words \"I would "
               "like "
               "to discuss the topic of\". A question about the topics follows the "
               "record.\n\n{context}\n\n{input}";
    default: return NULL;
    }
}

const char longbench_of_story[] = "based on the world described in the document.";
const char longbench_of_world[] = "based on what is known of the real world. ";
const char longbench_world_ending[] = "Reply with True or False and nothing else.\nAnswer:";
