/*
 * answers.c - see answers.h.
 */
#include "store/answers.h"

#include "store/submission.h"

static void answers_run(struct cq_op *op, bool ok)
{
    (void)ok;
    struct answers *a = (struct answers *)((char *)op - offsetof(struct answers, op));
    pthread_mutex_lock(&a->lock);
    while (a->done.first) {
        struct chain done = a->done;
        a->done = (struct chain){0};
        pthread_mutex_unlock(&a->lock);
        measures_answers(a->measures, &done);
        while (done.first) {
            struct submission *sub = chain_shift(&done);
            sub->done(sub, done.first && done.first->owner == sub->owner);
        }
        pthread_mutex_lock(&a->lock);
    }
    a->posted = false;
    pthread_cond_broadcast(&a->empty);
    pthread_mutex_unlock(&a->lock);
}

void answers_init(struct answers *a, struct cq *cq, struct measures *measures)
{
    *a = (struct answers){.cq = cq, .measures = measures, .op = {answers_run}};
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->empty, NULL);
}

void answers_fini(struct answers *a)
{
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->empty);
}

void answers_put(struct answers *a, struct chain *done)
{
    if (!done->first)
        return;
    pthread_mutex_lock(&a->lock);
    chain_append(&a->done, done);
    bool post = !a->posted;
    a->posted = true;
    pthread_mutex_unlock(&a->lock);
    if (post)
        cq_post(a->cq, &a->op);
}

void answers_wait(struct answers *a)
{
    pthread_mutex_lock(&a->lock);
    while (a->posted)
        pthread_cond_wait(&a->empty, &a->lock);
    pthread_mutex_unlock(&a->lock);
}
