/*
 * cafe.c - see cafe.h. One lock for everything: what is done under it is short, and nobody waits for the network with it.
 */
#include "examples/demo/cafe.h"

#include <stdlib.h>
#include <string.h>

enum { AT_THE_BAR = 12 };

bool cafe_init(struct cafe *cafe, muon_client *client)
{
    *cafe = (struct cafe){.client = client, .first_open = 1};
    pthread_mutex_init(&cafe->lock, NULL);
    pthread_cond_init(&cafe->changed, NULL);
    cafe->orders = calloc(WORDS_ORDERS_MAX + 1, sizeof(*cafe->orders));
    cafe->at_till = calloc(WORDS_ORDERS_MAX + 1, sizeof(*cafe->at_till));
    return cafe->orders && cafe->at_till;
}

void cafe_fini(struct cafe *cafe)
{
    pthread_cond_destroy(&cafe->changed);
    pthread_mutex_destroy(&cafe->lock);
    free(cafe->orders);
    free(cafe->at_till);
}

/* Any of those at the bar, from a random one on; 0: somebody is at the till with each that is open. */
static int look(struct cafe *cafe, unsigned *seed)
{
    int left = cafe->count - cafe->first_open + 1;
    int bar = left < AT_THE_BAR ? left : AT_THE_BAR;
    int from = rand_r(seed) % bar;
    for (int i = 0; i < bar; i++) {
        int number = cafe->first_open + (from + i) % bar;
        if (!cafe->at_till[number] && !order_is_over(&cafe->orders[number]))
            return number;
    }
    return 0;
}

int cafe_pick(struct cafe *cafe, unsigned *seed)
{
    int number = 0;
    pthread_mutex_lock(&cafe->lock);
    while (!cafe->failed) {
        while (cafe->first_open <= cafe->count && order_is_over(&cafe->orders[cafe->first_open]))
            cafe->first_open++;
        if (cafe->first_open > cafe->count)
            break;
        number = look(cafe, seed);
        if (number)
            break;
        pthread_cond_wait(&cafe->changed, &cafe->lock);
    }
    pthread_mutex_unlock(&cafe->lock);
    return number;
}

bool cafe_go_to_till(struct cafe *cafe, int number)
{
    pthread_mutex_lock(&cafe->lock);
    bool is_free = !cafe->at_till[number];
    cafe->at_till[number] = true;
    pthread_mutex_unlock(&cafe->lock);
    return is_free;
}

void cafe_leave_till(struct cafe *cafe, int number)
{
    pthread_mutex_lock(&cafe->lock);
    cafe->at_till[number] = false;
    pthread_cond_broadcast(&cafe->changed);
    pthread_mutex_unlock(&cafe->lock);
}

void cafe_note(struct cafe *cafe, int number, enum order_state state, int64_t cents,
               const muon_emit_result *result, double wait_ms)
{
    pthread_mutex_lock(&cafe->lock);
    cafe->events++;
    order_fold(&cafe->orders[number], state, result->version, cents);
    if (result->order_id > cafe->last_order_id)
        cafe->last_order_id = result->order_id;
    if (wait_ms > cafe->longest_wait_ms)
        cafe->longest_wait_ms = wait_ms;
    pthread_cond_broadcast(&cafe->changed);
    pthread_mutex_unlock(&cafe->lock);
}

void cafe_note_conflict(struct cafe *cafe)
{
    pthread_mutex_lock(&cafe->lock);
    cafe->conflicts++;
    pthread_mutex_unlock(&cafe->lock);
}

void cafe_note_answer(struct cafe *cafe, enum cafe_call call, const char *till, bool refused)
{
    pthread_mutex_lock(&cafe->lock);
    cafe->asked[call]++;
    cafe->refused[call] += refused;
    for (int i = 0; i < CAFE_TILLS_MAX; i++) {
        struct cafe_till *t = &cafe->tills[i];
        if (t->name[0] && strcmp(t->name, till) != 0)
            continue;
        snprintf(t->name, sizeof(t->name), "%s", till);
        t->answers[call]++;
        break;
    }
    pthread_mutex_unlock(&cafe->lock);
}

void cafe_note_no_answer(struct cafe *cafe, enum cafe_call call, bool lost)
{
    pthread_mutex_lock(&cafe->lock);
    cafe->asked[call]++;
    cafe->lost[call] += lost;
    cafe->away[call] += !lost;
    pthread_mutex_unlock(&cafe->lock);
}

void cafe_fail(struct cafe *cafe, const char *doing, const char *why)
{
    pthread_mutex_lock(&cafe->lock);
    fprintf(stderr, "orders: %s: %s\n", doing, why);
    cafe->failed = true;
    pthread_cond_broadcast(&cafe->changed);
    pthread_mutex_unlock(&cafe->lock);
}
