/*
 * complete.h - what makes a shell complete muon's command lines, made from the tables of verbs and options.
 */
#ifndef MUON_CLI_COMPLETE_H
#define MUON_CLI_COMPLETE_H

#include <stdio.h>

void complete_print_bash(FILE *out);
void complete_print_zsh(FILE *out);
void complete_print_fish(FILE *out);

#endif
