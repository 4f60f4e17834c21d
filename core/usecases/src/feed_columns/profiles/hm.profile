# H&M, the articles of its recommendation challenge.
told by article_id, prod_name

article_id = product_id
prod_name = name
detail_desc = description
index_group_name = main_category
product_group_name = sub_category
product_type_name = attributes.type
colour_group_name = attributes.color
graphical_appearance_name = attributes.pattern
department_name = attributes.department
section_name = attributes.section
product_code = item_group_id
