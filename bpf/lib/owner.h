/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who a socket belongs to: the thread group of a task, with its start time and cgroup. */
#ifndef PROBECTL_OWNER_H
#define PROBECTL_OWNER_H

#include "read.h"

/*
 * Inode of the task's cgroup directory: of cgroup v2 where the task is in one, else of the v1
 * memory hierarchy, which container runtimes always use.
 */
static __always_inline void read_cgroup(struct flow_record *record, struct task_struct *task, bool direct)
{
	struct css_set *set = READ(direct, task, cgroups);

	record->cgroup_id = direct ? set->dfl_cgrp->kn->id : BPF_CORE_READ(set, dfl_cgrp, kn, id);
	record->flags &= ~FLOW_FLAG_CGROUP_V1;
	if ((direct ? set->dfl_cgrp->level : BPF_CORE_READ(set, dfl_cgrp, level)) > 0 ||
	    !bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return;

	struct cgroup_subsys_state *css = 0;
	int index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);

	bpf_core_read(&css, sizeof(css), (void *)set + bpf_core_field_offset(struct css_set, subsys) +
						 index * sizeof(void *));
	struct cgroup *v1 = BPF_CORE_READ(css, cgroup);

	if (v1 && BPF_CORE_READ(v1, level) > 0) {
		record->cgroup_id = BPF_CORE_READ(v1, kn, id);
		record->flags |= FLOW_FLAG_CGROUP_V1;
	}
}

/*
 * TASK owns the socket of RECORD. The name is the process's, not the acting thread's. A kernel
 * thread (NFS, a work queue closing a descriptor) is nobody's process: pid 0, named "kernel".
 */
static __always_inline void read_owner(struct flow_record *record, struct task_struct *task, bool direct)
{
	struct task_struct *leader = READ(direct, task, group_leader);

	record->flags &= ~(FLOW_FLAG_OWNER_UNKNOWN | FLOW_FLAG_KERNEL_OWNED);
	if (READ(direct, task, flags) & PF_KTHREAD) {
		record->flags |= FLOW_FLAG_KERNEL_OWNED;
		__builtin_memcpy(record->comm, "kernel", sizeof("kernel"));
		return;
	}
	record->pid = READ(direct, task, tgid);
	record->uid = direct ? task->cred->uid.val : BPF_CORE_READ(task, cred, uid.val);
	record->process_start_boot_ns = READ(direct, leader, start_boottime);
	bpf_core_read(record->comm, sizeof(record->comm), &leader->comm);
	read_cgroup(record, task, direct);
}

#endif
