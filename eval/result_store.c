#include "eval/result_store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What a file says of itself, so that another program's database is not taken for ours ("SxtR"). */
enum { APPLICATION_ID = 0x53787452, FORMAT_VERSION = 1, MAX_FACTS = 32 };

struct result_store {
    sqlite3 *database;
    sqlite3_stmt *put, *get;
    bool writes;
    char *path;
    int n_facts;
    char *names[MAX_FACTS], *values[MAX_FACTS];
};

/* Where a call puts its complaint. */
typedef struct complaint {
    char *text;
    size_t n;
} complaint;

__attribute__((format(printf, 2, 3))) static bool fail(const complaint *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (to->n > 0) vsnprintf(to->text, to->n, format, arguments);
    va_end(arguments);
    return false;
}

/* A write that was cut short leaves no errno. */
static const char *io_reason(const result_store *s, int code) {
    int reason = sqlite3_system_errno(s->database);
    return reason != 0 ? strerror(reason) : sqlite3_errstr(code);
}

/* SQLite's code, in words that say what to do. */
static bool fail_database(const result_store *s, int code, const complaint *to) {
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(to, "%s is in use by another process; wait until it has ended, or give another folder",
                    s->path);
    case SQLITE_FULL:
        return fail(to,
                    "%s: no room left on the disk; what is finished is kept: make room, then go on with "
                    "--resume",
                    s->path);
    case SQLITE_IOERR:
        return fail(to,
                    "%s cannot be read or written (%s); what is finished is kept: see to the disk or the "
                    "limit on file sizes, then go on with --resume",
                    s->path, io_reason(s, code));
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return fail(to, "%s is damaged, or no file of results; delete it, or give another folder", s->path);
    case SQLITE_NOMEM: return fail(to, "%s: not enough memory", s->path);
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return fail(to, "%s cannot be %s; give a folder that can be %s", s->path,
                    s->writes ? "opened or written" : "opened", s->writes ? "written" : "read");
    default: return fail(to, "%s: %s; delete it, or give another folder", s->path, sqlite3_errmsg(s->database));
    }
}

static char *copy(const char *text) {
    size_t size = strlen(text) + 1;
    char *it = malloc(size);
    return it == NULL ? NULL : memcpy(it, text, size);
}

static int run(result_store *s, const char *sql) { return sqlite3_exec(s->database, sql, NULL, NULL, NULL); }

/* The one number that a query gives. */
static int ask_number(result_store *s, const char *sql, int64_t *number) {
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(s->database, sql, -1, &query, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(query);
    if (code == SQLITE_ROW) *number = sqlite3_column_int64(query, 0);
    int final = sqlite3_finalize(query);
    return code == SQLITE_ROW ? SQLITE_OK : final;
}

/* ---- Opening --------------------------------------------------------------------------------------------- */

/* A file that another process writes to is refused now, not in the middle: the lock is kept until the end. */
static int take_lock(result_store *s, bool writes) {
    int code = run(s, "PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL");
    if (code == SQLITE_OK && writes) code = run(s, "PRAGMA locking_mode = EXCLUSIVE");
    if (code == SQLITE_OK)
        code = run(s, writes ? "BEGIN EXCLUSIVE; COMMIT" : "BEGIN; SELECT count(*) FROM sqlite_schema");
    return code;
}

/* True, with *is_new, when the file is ours or still empty, and whole. */
static bool check_format(result_store *s, bool *is_new, const complaint *to) {
    int64_t id = 0, version = 0, n_tables = 0;
    int code = ask_number(s, "PRAGMA application_id", &id);
    if (code == SQLITE_OK) code = ask_number(s, "PRAGMA user_version", &version);
    if (code == SQLITE_OK) code = ask_number(s, "SELECT count(*) FROM sqlite_schema", &n_tables);
    if (code != SQLITE_OK) return fail_database(s, code, to);
    *is_new = n_tables == 0 && version == 0;
    if (*is_new) return true;
    if (id != APPLICATION_ID) return fail(to, "%s is another program's database; give another folder", s->path);
    if (version > FORMAT_VERSION)
        return fail(to,
                    "%s has format %lld, which a newer version wrote; this one reads %d: use the newer one, or "
                    "give another folder",
                    s->path, (long long)version, FORMAT_VERSION);
    int64_t n_good = 0;
    code = ask_number(s, "SELECT count(*) FROM pragma_quick_check WHERE quick_check = 'ok'", &n_good);
    if (code == SQLITE_OK && n_good != 1) code = SQLITE_CORRUPT;
    return code == SQLITE_OK || fail_database(s, code, to);
}

static int prepare(result_store *s, bool writes) {
    int code = sqlite3_prepare_v2(s->database, "SELECT value FROM cell WHERE key = ?1", -1, &s->get, NULL);
    if (code == SQLITE_OK && writes)
        code = sqlite3_prepare_v2(s->database, "INSERT OR REPLACE INTO cell(key, value) VALUES(?1, ?2)", -1,
                                  &s->put, NULL);
    return code;
}

/* Tables and facts in one transaction: a file has all of them or is still empty. */
static int make_tables(result_store *s, bool is_new, const result_fact *facts, int n_facts) {
    sqlite3_stmt *insert = NULL;
    int code = run(s, "BEGIN");
    if (code == SQLITE_OK && is_new) {
        char sql[512];
        snprintf(sql, sizeof sql,
                 "CREATE TABLE fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
                 "CREATE TABLE cell(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
                 "PRAGMA application_id = %d; PRAGMA user_version = %d",
                 APPLICATION_ID, FORMAT_VERSION);
        code = run(s, sql);
    }
    if (code == SQLITE_OK) code = run(s, "DELETE FROM fact");
    if (code == SQLITE_OK)
        code =
            sqlite3_prepare_v2(s->database, "INSERT INTO fact(name, value) VALUES(?1, ?2)", -1, &insert, NULL);
    for (int i = 0; i < n_facts && code == SQLITE_OK; i++) {
        sqlite3_bind_text(insert, 1, facts[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 2, facts[i].value, -1, SQLITE_STATIC);
        code = sqlite3_step(insert);
        int reset = sqlite3_reset(insert);
        if (code == SQLITE_DONE) code = reset;
    }
    sqlite3_finalize(insert);
    int end = code == SQLITE_OK ? run(s, "COMMIT") : code;
    if (end != SQLITE_OK && !sqlite3_get_autocommit(s->database)) run(s, "ROLLBACK");
    return end;
}

static int load_facts(result_store *s) {
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(s->database, "SELECT name, value FROM fact ORDER BY name", -1, &query, NULL);
    while (code == SQLITE_OK && s->n_facts < MAX_FACTS && (code = sqlite3_step(query)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(query, 0);
        const char *value = (const char *)sqlite3_column_text(query, 1);
        code = SQLITE_NOMEM;
        if (name == NULL || value == NULL) break;
        s->names[s->n_facts] = copy(name);
        s->values[s->n_facts] = copy(value);
        if (s->names[s->n_facts] != NULL && s->values[s->n_facts] != NULL) code = SQLITE_OK;
        s->n_facts++;
    }
    sqlite3_finalize(query);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static const char *fact_among(const result_fact *facts, int n_facts, const char *name) {
    for (int i = 0; i < n_facts; i++)
        if (strcmp(facts[i].name, name) == 0) return facts[i].value;
    return NULL;
}

static bool same_facts(const result_store *s, const result_fact *facts, int n_facts, const complaint *to) {
    for (int i = 0; i < n_facts; i++) {
        const char *there = result_store_fact(s, facts[i].name);
        if (there == NULL || strcmp(there, facts[i].value) != 0)
            return fail(to, "%s holds results of another run (%s: %s there, %s now); give another folder",
                        s->path, facts[i].name, there == NULL ? "nothing" : there, facts[i].value);
    }
    for (int i = 0; i < s->n_facts; i++)
        if (fact_among(facts, n_facts, s->names[i]) == NULL)
            return fail(to, "%s holds results of another run (%s: %s there, nothing now); give another folder",
                        s->path, s->names[i], s->values[i]);
    return true;
}

static bool open_file(result_store *s, const char *folder, result_store_mode mode, const complaint *to) {
    size_t size = strlen(folder) + sizeof "/results.sqlite";
    s->path = malloc(size);
    if (s->path == NULL) return fail(to, "not enough memory to open the results in %s", folder);
    snprintf(s->path, size, "%s/results.sqlite", folder);
    s->writes = mode != RESULT_STORE_READ;
    if (s->writes && mkdir(folder, 0777) != 0 && errno != EEXIST)
        return fail(to, "%s cannot be made: %s; give a folder that can be written", folder, strerror(errno));
    struct stat about;
    bool is_there = stat(s->path, &about) == 0;
    if (!is_there && errno == ENOENT && !s->writes)
        return fail(to, "%s holds no results: it has no results.sqlite; give the folder of a finished run",
                    folder);
    if (is_there && !S_ISREG(about.st_mode)) return fail(to, "%s is not a file; give another folder", s->path);
    int flags = s->writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int code = sqlite3_open_v2(s->path, &s->database, flags, NULL);
    if (s->database != NULL) sqlite3_extended_result_codes(s->database, 1);
    if (code == SQLITE_OK) code = take_lock(s, s->writes);
    return code == SQLITE_OK || fail_database(s, code, to);
}

/* Whether the run may use what the open file holds; makes the tables where it is still empty. */
static result_store_answer settle(result_store *s, result_store_mode mode, const result_fact *facts,
                                  int n_facts, const complaint *to) {
    bool is_new = false;
    int64_t n_cells = 0;
    if (!check_format(s, &is_new, to)) return RESULT_STORE_FAILED;
    if (is_new && mode == RESULT_STORE_READ) {
        fail(to, "%s holds no results yet; give the folder of a run", s->path);
        return RESULT_STORE_REFUSED;
    }
    int code = is_new ? SQLITE_OK : ask_number(s, "SELECT count(*) FROM cell", &n_cells);
    if (code == SQLITE_OK && mode == RESULT_STORE_NEW && n_cells > 0) {
        fail(to, "%s holds results already; --resume goes on with them, or give another folder", s->path);
        return RESULT_STORE_REFUSED;
    }
    if (code == SQLITE_OK && mode != RESULT_STORE_READ && n_cells == 0)
        code = make_tables(s, is_new, facts, n_facts);
    if (code == SQLITE_OK) code = load_facts(s);
    if (code == SQLITE_OK && mode != RESULT_STORE_READ && !same_facts(s, facts, n_facts, to))
        return RESULT_STORE_REFUSED;
    if (code == SQLITE_OK) code = prepare(s, mode != RESULT_STORE_READ);
    if (code == SQLITE_OK) return RESULT_STORE_OK;
    fail_database(s, code, to);
    return RESULT_STORE_FAILED;
}

result_store_answer result_store_open(const char *folder, result_store_mode mode, const result_fact *facts,
                                      int n_facts, result_store **store, char *problem, size_t n_problem) {
    const complaint to = {problem, n_problem};
    struct stat about;
    result_store *s = calloc(1, sizeof *s);
    result_store_answer answer = RESULT_STORE_FAILED;
    if (s == NULL || n_facts > MAX_FACTS) {
        fail(&to, s == NULL ? "not enough memory to open the results" : "more than 32 facts of a run");
        free(s);
        return answer;
    }
    if (mode == RESULT_STORE_READ && (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode))) {
        fail(&to, "%s is no folder; give the folder of a run", folder);
    } else if (open_file(s, folder, mode, &to)) {
        answer = settle(s, mode, facts, n_facts, &to);
    }
    if (answer == RESULT_STORE_OK)
        *store = s;
    else
        result_store_close(s);
    return answer;
}

void result_store_close(result_store *s) {
    if (s == NULL) return;
    sqlite3_finalize(s->put);
    sqlite3_finalize(s->get);
    sqlite3_close(s->database);
    for (int i = 0; i < s->n_facts; i++) {
        free(s->names[i]);
        free(s->values[i]);
    }
    free(s->path);
    free(s);
}

const char *result_store_path(const result_store *store) { return store->path; }

const char *result_store_fact(const result_store *s, const char *name) {
    for (int i = 0; i < s->n_facts; i++)
        if (strcmp(s->names[i], name) == 0) return s->values[i];
    return NULL;
}

bool result_store_fact_at(const result_store *s, int i, result_fact *fact) {
    if (i < 0 || i >= s->n_facts) return false;
    *fact = (result_fact){s->names[i], s->values[i]};
    return true;
}

/* ---- Cells ----------------------------------------------------------------------------------------------- */

bool result_store_put(result_store *s, const char *key, const char *value, char *problem, size_t n_problem) {
    const complaint to = {problem, n_problem};
    if (s->put == NULL) return fail(&to, "%s was opened to be read", s->path);
    sqlite3_bind_text(s->put, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(s->put, 2, value, -1, SQLITE_STATIC);
    int code = sqlite3_step(s->put); /* a transaction of its own, committed */
    sqlite3_reset(s->put);
    sqlite3_clear_bindings(s->put);
    return code == SQLITE_DONE || fail_database(s, code, &to);
}

bool result_store_get(result_store *s, const char *key, char **value, char *problem, size_t n_problem) {
    const complaint to = {problem, n_problem};
    char *found = NULL;
    sqlite3_bind_text(s->get, 1, key, -1, SQLITE_STATIC);
    int code = sqlite3_step(s->get);
    if (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s->get, 0);
        found = text == NULL ? NULL : copy(text);
        if (found == NULL) code = SQLITE_NOMEM;
    }
    sqlite3_reset(s->get);
    if (code != SQLITE_ROW && code != SQLITE_DONE) return fail_database(s, code, &to);
    *value = found;
    return true;
}

bool result_store_each(result_store *s, const char *prefix, result_store_fn fn, void *user, char *problem,
                       size_t n_problem) {
    const complaint to = {problem, n_problem};
    sqlite3_stmt *query = NULL;
    size_t n = strlen(prefix);
    bool more = true;
    int code = sqlite3_prepare_v2(s->database, "SELECT key, value FROM cell WHERE key >= ?1 ORDER BY key", -1,
                                  &query, NULL);
    if (code == SQLITE_OK) code = sqlite3_bind_text(query, 1, prefix, -1, SQLITE_STATIC);
    while (more && code == SQLITE_OK && (code = sqlite3_step(query)) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(query, 0);
        const char *value = (const char *)sqlite3_column_text(query, 1);
        code = key == NULL || value == NULL ? SQLITE_NOMEM : SQLITE_OK;
        if (code == SQLITE_OK) more = strncmp(key, prefix, n) == 0 && fn(user, key, value);
    }
    sqlite3_finalize(query);
    return code == SQLITE_OK || code == SQLITE_DONE || fail_database(s, code, &to);
}
